namespace GMem.Backbone;

/// <summary>
/// From times and conditions, <c>c = time embedding + condition embeddings</c>, and from that the adaLN output of every block and of the
/// final layer (last).
/// </summary>
internal static class Modulations
{
    /// <summary>The embedder's fastest feature turns by one radian a unit, too little to tell short lengths apart.</summary>
    private const double LengthScale = 10;

    /// <summary>The adaLN layers: of every block, and of the final layer.</summary>
    public static IEnumerable<AdaLNModulation> Layers(SiT network) =>
        network.blocks.Select(block => block.adaLN_modulation).Append(network.final_layer.adaLN_modulation);

    /// <summary>Each <c>[B, chunks D]</c>; the target is the time to which a flow map leads, null where that is t.</summary>
    public static torch.Tensor[] Plain(SiT network, torch.Tensor t, torch.Tensor? embedding, torch.Tensor? target = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor time = network.t_embedder.forward(t);
        time = target is null ? time : time.Plus(Length(network.interval_embedder!, target.sub(t)));
        torch.Tensor activated = torch.nn.functional.silu(embedding is null ? time : time.Plus(embedding));
        return [.. Layers(network).Select(layer => layer.forward(activated).MoveToOuterDisposeScope())];
    }

    /// <summary>
    /// The same for <paramref name="images"/> of at least <c>B</c> rows (zeros stand for those beyond), where no row depends on how many
    /// others there are.
    /// </summary>
    public static torch.Tensor[] BatchInvariant(
        SiT network, torch.Tensor t, torch.Tensor? embedding, long images, torch.Tensor? target = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[][] chunks = [.. Starts(t.shape[0]).Select(start =>
            Plain(network, Rows(t, start)!, Rows(embedding, start), Rows(target, start)))];
        return [.. Enumerable.Range(0, chunks[0].Length).Select(layer =>
            (chunks.Length == 1 ? chunks[0][layer] : torch.cat([.. chunks.Select(c => c[layer])], 0)).narrow(0, 0, images)
                .MoveToOuterDisposeScope())];
    }

    /// <summary>The sum of the embedded conditions, <c>[B, D]</c>; null for a network without any.</summary>
    public static torch.Tensor? Embed(SiT network, IReadOnlyList<torch.Tensor> conditions)
    {
        torch.Tensor? sum = null;
        for (int i = 0; i < conditions.Count; i++)
        {
            torch.Tensor embedded = network.Embedders[i].Module.forward(conditions[i]);
            sum = sum is null ? embedded : sum.Plus(embedded);
        }

        return sum;
    }

    /// <summary>The same, where no row depends on how many others there are.</summary>
    public static torch.Tensor? EmbedBatchInvariant(SiT network, IReadOnlyList<torch.Tensor> conditions, long batch)
    {
        if (conditions.Count == 0)
        {
            return null;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] chunks = [.. Starts(batch).Select(
            start => Embed(network, [.. conditions.Select(c => RowPadding.Take(c, start, RowPadding.Rows))])!)];
        return (chunks.Length == 1 ? chunks[0] : torch.cat(chunks, 0)).narrow(0, 0, batch).MoveToOuterDisposeScope();
    }

    /// <summary>Zero, to the bit, at length zero.</summary>
    private static torch.Tensor Length(TimestepEmbedder embedder, torch.Tensor length) =>
        embedder.forward(length.Times(LengthScale)).sub(embedder.forward(torch.zeros_like(length)));

    private static torch.Tensor? Rows(torch.Tensor? values, long start) =>
        values is null ? null : RowPadding.Take(values, start, RowPadding.Rows);

    private static IEnumerable<long> Starts(long rows)
    {
        for (long start = 0; start < rows; start += RowPadding.Rows)
        {
            yield return start;
        }
    }
}
