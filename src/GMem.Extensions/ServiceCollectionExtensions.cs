using GMem.MLNet;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.ML;

namespace GMem.Extensions;

/// <summary>Registers image generation with a service collection.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Adds one <see cref="ImageService"/> for the whole application, as <c>PredictionEnginePool</c> is for predictions. The model is
    /// loaded when the service is first asked for.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="modelPath">
    /// A model that the trainer saved, <c>model.zip</c>. A path that is not full is relative to the working folder at registration.
    /// </param>
    /// <param name="configure">Sets options; null for the defaults.</param>
    /// <returns>The collection.</returns>
    /// <exception cref="ArgumentException">The path is empty, or the options are not valid.</exception>
    public static IServiceCollection AddGMem(
        this IServiceCollection services, string modelPath, Action<ImageServiceOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(modelPath);
        string path = Path.GetFullPath(modelPath);
        ImageServiceOptions options = Configured(configure);
        return services.AddSingleton(provider =>
        {
            MLContext context = new() { GpuDeviceId = options.GpuDeviceId, FallbackToCpu = options.GpuDeviceId is null };
            using GMemTransformer loaded = GMemTransformer.Load(path, context);
            return new ImageService(loaded.Model, options, provider.GetService<ILogger<ImageService>>());
        });
    }

    /// <summary>The same for a model that is already there; it is not disposed.</summary>
    /// <param name="services">The collection.</param>
    /// <param name="model">The model.</param>
    /// <param name="configure">Sets options; null for the defaults.</param>
    /// <returns>The collection.</returns>
    /// <exception cref="ArgumentException">The options are not valid.</exception>
    public static IServiceCollection AddGMem(
        this IServiceCollection services, GMemModel model, Action<ImageServiceOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(model);
        ImageServiceOptions options = Configured(configure);
        return services.AddSingleton(provider => new ImageService(model, options, provider.GetService<ILogger<ImageService>>()));
    }

    private static ImageServiceOptions Configured(Action<ImageServiceOptions>? configure)
    {
        ImageServiceOptions options = new();
        configure?.Invoke(options);
        options.Validate();
        return options;
    }
}
