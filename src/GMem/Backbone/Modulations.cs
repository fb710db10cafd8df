using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone;

/// <summary>
/// What the condition becomes: <c>c = time embedding + snippet (or label) embedding</c>, and from it, once a call, the adaLN output of every block
/// and of the final layer (last).
/// </summary>
internal static class Modulations
{
    /// <summary>
    /// Rows of every product that has one row an image, in evaluation. Matrix products pick their kernels by the number of rows, and so would give
    /// an image other bits in another batch; a fixed number takes that away.
    /// </summary>
    private const int Rows = 16;

    /// <summary>Each <c>[B, chunks D]</c>.</summary>
    public static torch.Tensor[] Plain(SiT network, torch.Tensor t, torch.Tensor? condition)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor activated = torch.nn.functional.silu(Embed(network, t, condition).Sum);
        return [.. Layers(network).Select(layer => layer.forward(activated).MoveToOuterDisposeScope())];
    }

    /// <summary>The same, where each row does not depend on how many others there are.</summary>
    public static torch.Tensor[] BatchInvariant(SiT network, torch.Tensor t, torch.Tensor? condition)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long batch = t.shape[0];
        List<torch.Tensor[]> chunks = [];
        for (long start = 0; start < batch; start += Rows)
        {
            chunks.Add(Plain(network, Pad(t, start), condition is null ? null : Pad(condition, start)));
        }

        return [.. Enumerable.Range(0, chunks[0].Length).Select(layer =>
            (chunks.Count == 1 ? chunks[0][layer] : torch.cat([.. chunks.Select(c => c[layer])], 0)).narrow(0, 0, batch).MoveToOuterDisposeScope())];
    }

    /// <summary>The embeddings, each <c>[B, D]</c>; that of the condition is null for a network without one.</summary>
    public static (torch.Tensor Time, torch.Tensor? Condition, torch.Tensor Sum) Embed(SiT network, torch.Tensor t, torch.Tensor? condition)
    {
        torch.Tensor time = network.t_embedder.forward(t);
        torch.Tensor? embedded = condition is null ? null : network.condition_projection?.forward(condition) ?? network.y_embedder!.forward(condition);
        return (time, embedded, embedded is null ? time : time.Plus(embedded));
    }

    private static IEnumerable<AdaLNModulation> Layers(SiT network) =>
        network.blocks.Select(block => block.adaLN_modulation).Append(network.final_layer.adaLN_modulation);

    /// <summary>Rows from <paramref name="start"/> on, filled with zeros to the fixed number.</summary>
    private static torch.Tensor Pad(torch.Tensor rows, long start)
    {
        long count = Math.Min(Rows, rows.shape[0] - start);
        torch.Tensor part = rows.narrow(0, start, count);
        if (count == Rows)
        {
            return part;
        }

        long[] shape = rows.shape;
        shape[0] = Rows - count;
        return torch.cat([part, torch.zeros(shape, dtype: rows.dtype, device: rows.device)], 0);
    }
}
