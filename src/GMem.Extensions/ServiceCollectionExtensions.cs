using GMem.MLNet;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.ML;

namespace GMem.Extensions;

/// <summary>Registers image generation with a service collection.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Adds a singleton <see cref="ImageService"/>, the counterpart of <c>PredictionEnginePool</c> for image generation. The model is
    /// loaded when the service is first resolved.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="modelPath">
    /// A model saved by the trainer (<c>model.zip</c>). A relative path is resolved against the working directory at registration.
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

    /// <summary>Adds a singleton <see cref="ImageService"/> for a model that is already loaded. The model is not disposed.</summary>
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
