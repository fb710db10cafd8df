using System.Text.Json.Nodes;
using GMem.Backbone;

namespace GMem.Tool.Commands;

/// <summary>What is shown of a network: its size and its kind, not the fields that the data decide.</summary>
internal static class NetworkSettings
{
    public static object Of(SiTOptions network) => new
    {
        network.PatchSize,
        network.HiddenSize,
        network.Depth,
        network.HeadCount,
        network.MlpRatio,
        network.UseRmsNorm,
        network.UseSwiGlu,
        network.UseRope,
        network.UseQkNorm,
        IsFlowMap = network.IsFlowMap ? true : (bool?)null,
        Conditions = network.Conditions.ToDictionary(c => c.Kind.Name, c => JsonNode.Parse(c.SaveConfiguration().ToString())),
    };
}
