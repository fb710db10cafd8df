using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone;

/// <summary>
/// What the condition becomes: <c>c = time embedding + snippet (or label) embedding</c>, and from it, once a call, the adaLN output of every block
/// and of the final layer (last).
/// </summary>
internal static class Modulations
{
    /// <summary>The adaLN layers: of every block, and of the final layer.</summary>
    public static IEnumerable<AdaLNModulation> Layers(SiT network) =>
        network.blocks.Select(block => block.adaLN_modulation).Append(network.final_layer.adaLN_modulation);

    /// <summary>Each <c>[B, chunks D]</c>.</summary>
    public static torch.Tensor[] Plain(SiT network, torch.Tensor t, torch.Tensor? condition)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor activated = torch.nn.functional.silu(Embed(network, t, condition).Sum);
        return [.. Layers(network).Select(layer => layer.forward(activated).MoveToOuterDisposeScope())];
    }

    /// <summary>The same for <paramref name="images"/> of at least <c>B</c> rows (zeros stand for those beyond), where no row depends on how many others there are.</summary>
    public static torch.Tensor[] BatchInvariant(SiT network, torch.Tensor t, torch.Tensor? condition, long images)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor[]> chunks = [];
        for (long start = 0; start < t.shape[0]; start += RowPadding.Rows)
        {
            torch.Tensor times = RowPadding.Take(t, start, RowPadding.Rows);
            chunks.Add(Plain(network, times, condition is null ? null : RowPadding.Take(condition, start, RowPadding.Rows)));
        }

        return [.. Enumerable.Range(0, chunks[0].Length).Select(layer =>
            (chunks.Count == 1 ? chunks[0][layer] : torch.cat([.. chunks.Select(c => c[layer])], 0)).narrow(0, 0, images).MoveToOuterDisposeScope())];
    }

    /// <summary>The embeddings, each <c>[B, D]</c>; that of the condition is null for a network without one.</summary>
    public static (torch.Tensor Time, torch.Tensor? Condition, torch.Tensor Sum) Embed(SiT network, torch.Tensor t, torch.Tensor? condition)
    {
        torch.Tensor time = network.t_embedder.forward(t);
        torch.Tensor? embedded = condition is null ? null : network.condition_projection?.forward(condition) ?? network.y_embedder!.forward(condition);
        return (time, embedded, embedded is null ? time : time.Plus(embedded));
    }
}
