using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace GMem.Extensions.AI;

/// <summary>Registers <see cref="GMemImageGenerator"/> with a service collection.</summary>
[Experimental("MEAI001")]
public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Adds a singleton <see cref="IImageGenerator"/> over the registered <see cref="ImageService"/>:
    /// <c>services.AddGMem("model.zip").AddImageGenerator()</c>. An <see cref="IImageGenerator"/> that is registered already stays.
    /// </summary>
    /// <param name="services">The collection, to which <c>AddGMem</c> adds the service, before or after.</param>
    /// <returns>The collection.</returns>
    /// <remarks>
    /// With the pipeline of the package Microsoft.Extensions.AI:
    /// <c>services.AddImageGenerator(p => new GMemImageGenerator(p.GetRequiredService&lt;ImageService&gt;())).UseLogging()</c>.
    /// </remarks>
    public static IServiceCollection AddImageGenerator(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<IImageGenerator>(provider => new GMemImageGenerator(provider.GetRequiredService<ImageService>()));
        return services;
    }
}
