using GMem.Extensions;
using GMem.Images;
using GMem.Sampling;
using GMem.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using WebGallery;

namespace GMem.WebGallery.BrowserTests;

/// <summary>The gallery, and its page in a browser. Disposing it fails if the page had an error or asked another server.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    private static readonly string[] Labels = ["ring", "small disc"];

    private static readonly Lazy<GMemModel> Trained = new(() => TinyModel.Train(
        labels: [.. Enumerable.Range(0, 24).Select(i => Labels[i < 12 ? 0 : 1])]));

    private readonly WebApplication _app;
    private readonly List<string> _faults = [];

    private OpenPage(WebApplication app, IPage page)
    {
        (_app, Page) = (app, page);
        Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        page.PageError += (_, error) => _faults.Add(error);
        page.Request += (_, request) =>
        {
            // Pictures that the page itself holds are data: and blob: addresses.
            if (!new[] { Address, "data:", "blob:" }.Any(own => request.Url.StartsWith(own, StringComparison.Ordinal)))
            {
                _faults.Add(request.Url);
            }
        };
    }

    /// <summary>What it draws with: 24 memories, of which the first twelve are rings.</summary>
    public static GMemModel Model => Trained.Value;

    public IPage Page { get; }

    public string Address { get; }

    public ImageService Images => _app.Services.GetRequiredService<ImageService>();

    public static async Task<OpenPage> Start(IBrowser browser, int? steps, int width, Action<ImageServiceOptions>? configure)
    {
        WebApplication app = Gallery.Create("http://127.0.0.1:0", services => services.AddGMem(Model, options =>
        {
            options.PreviewEveryNStep = 1;
            options.Sampling = steps is { } number ? new SamplingOptions { Steps = number } : null;
            configure?.Invoke(options);
        }));
        await app.StartAsync();
        IPage page = await browser.NewPageAsync(new BrowserNewPageOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 844 },
        });
        OpenPage open = new(app, page);
        _ = await page.GotoAsync(open.Address);
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync("24 memories");
        return open;
    }

    /// <summary>Chooses what to draw from.</summary>
    public Task Mode(string mode) => Page.ClickAsync($"label:has([value={mode}])");

    /// <summary>Draws, and waits for the image.</summary>
    public async Task Draw()
    {
        int kept = await Page.Locator("#kept figure").CountAsync();
        await Page.ClickAsync("#draw");
        await Assertions.Expect(Page.Locator("#kept figure")).ToHaveCountAsync(kept + 1);
    }

    /// <summary>The pixels of the image shown.</summary>
    public async Task<byte[]> Result()
    {
        string source = await Page.Locator("#result").GetAttributeAsync("src") ?? "";
        return ImageReader.Decode(Convert.FromBase64String(source[(source.IndexOf(',', StringComparison.Ordinal) + 1)..]), "result").Pixels;
    }

    public async ValueTask DisposeAsync()
    {
        await Page.CloseAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Assert.Empty(_faults);
    }
}
