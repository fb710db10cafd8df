using System.Text.Json;
using GMem.Sampling;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>The reference network of backbone files, for tests of other rooms.</summary>
internal static class TestBackbone
{
    /// <summary>False until the Backbone room is there; tests which need it are then skipped with this reason.</summary>
    public static bool Available => false;

    /// <summary>A network in evaluation mode with the weights of a file.</summary>
    /// <param name="weightsPath">Path of a <c>*.weights.safetensors</c> file.</param>
    /// <param name="config">The <c>model</c> part of a reference file's configuration.</param>
    /// <param name="dtype">Type of the weights and of the whole computation, time embedding included.</param>
    public static NetworkFunction Load(string weightsPath, JsonElement config, torch.ScalarType dtype) =>
        throw new NotSupportedException($"The backbone is not there yet ({Path.GetFileName(weightsPath)}, {config.ValueKind}, {dtype}).");
}
