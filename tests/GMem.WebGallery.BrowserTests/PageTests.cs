using GMem.Extensions;
using GMem.Sampling;
using GMem.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using WebGallery;

namespace GMem.WebGallery.BrowserTests;

/// <summary>The page in a headless Chromium.</summary>
public sealed class PageTests
{
    private const string NoBrowser = "there is no Chromium: install one, or name it by the variable CHROMIUM";

    private static readonly Lazy<GMemModel> Model = new(() => TinyModel.Train());

    [Fact]
    public async Task Page_DrawsFromAMemoryAndFromABlendOfTwo()
    {
        Assert.SkipWhen(Chromium.Path is null, NoBrowser);
        await using WebApplication app = await Start(steps: 8);
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await Launch(playwright);
        IPage page = await browser.NewPageAsync();
        List<string> errors = [];
        page.PageError += (_, error) => errors.Add(error);
        page.Request += (_, request) =>
            Assert.StartsWith(Address(app), request.Url.StartsWith("data:", StringComparison.Ordinal) ? Address(app) : request.Url);
        _ = await page.GotoAsync(Address(app));
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync("24 memories");

        _ = await page.SelectOptionAsync("#memory", "3");
        await page.ClickAsync("#draw");
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync("done, from memory 3");
        Assert.Equal(8, await page.EvaluateAsync<int>("document.getElementById('result').naturalWidth"));

        _ = await page.SelectOptionAsync("#second", "17");
        await page.FillAsync("#mix", "0.3");
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync("done, from a blend");
        Assert.Equal("0.30", await page.InnerTextAsync("#mixed"));
        Assert.Equal(2, await page.Locator("#kept img").CountAsync());
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Page_ClosedHalfWay_StopsTheWork()
    {
        Assert.SkipWhen(Chromium.Path is null, NoBrowser);
        await using WebApplication app = await Start(steps: 100_000);
        ImageService images = app.Services.GetRequiredService<ImageService>();
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await Launch(playwright);
        IPage page = await browser.NewPageAsync();
        _ = await page.GotoAsync(Address(app));
        await page.ClickAsync("#draw");
        await Assertions.Expect(page.Locator("#state")).ToContainTextAsync("step ");
        Assert.Equal(1, images.Pending);

        await page.CloseAsync();

        for (int i = 0; i < 1000 && images.Pending > 0; i++)
        {
            await Task.Delay(10);
        }

        Assert.Equal(0, images.Pending);
    }

    private static Task<IBrowser> Launch(IPlaywright playwright) =>
        playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions { ExecutablePath = Chromium.Path, Headless = true, Args = ["--no-sandbox",
                "--disable-dev-shm-usage"] });

    private static async Task<WebApplication> Start(int steps)
    {
        WebApplication app = Gallery.Create("http://127.0.0.1:0", services => services.AddGMem(
            Model.Value, options => (options.PreviewEveryNStep, options.Sampling) = (1, new SamplingOptions { Steps = steps })));
        await app.StartAsync();
        return app;
    }

    private static string Address(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
}
