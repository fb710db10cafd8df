using GMem.Extensions;
using Microsoft.Playwright;

namespace GMem.WebGallery.BrowserTests;

/// <summary>One headless browser for all tests; each has a page of its own.</summary>
public sealed class Browser : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Chromium.Path is null)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium.Path,
            Headless = true,
            Args = ["--no-sandbox", "--disable-dev-shm-usage"],
        });
    }

    /// <summary>Starts the gallery and opens its page; skips the test where there is no browser.</summary>
    internal Task<OpenPage> Open(int? steps = null, int width = 1280, Action<ImageServiceOptions>? configure = null)
    {
        Assert.SkipWhen(_browser is null, "there is no Chromium: install one, or name it by the variable CHROMIUM");
        return OpenPage.Start(_browser!, steps, width, configure);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
