using GMem.Sampling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using WebGallery;

namespace GMem.Extensions.Tests;

/// <summary>The gallery on a free port of this machine.</summary>
internal sealed class Server : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Server(WebApplication app)
    {
        _app = app;
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Client = new HttpClient { BaseAddress = new Uri(address) };
    }

    public HttpClient Client { get; }

    public ImageService Images => _app.Services.GetRequiredService<ImageService>();

    public static async Task<Server> Start(SamplingOptions? sampling = null, Action<ImageServiceOptions>? configure = null)
    {
        WebApplication app = Gallery.Create(
            "http://127.0.0.1:0", services =>
                services.AddGMem(TinyService.Model, options =>
                {
                    (options.PreviewEveryNStep, options.Sampling) = (1, sampling);
                    configure?.Invoke(options);
                }));
        await app.StartAsync();
        return new Server(app);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
