namespace GMem.Training;

/// <summary>The losses of one rank's share of a batch, before they are added up.</summary>
/// <param name="Numbers">On the CPU: float32 <c>[shards of this rank, micro-batches, values]</c>.</param>
/// <param name="Values">The total and its terms.</param>
/// <param name="Shards">Shards of a rank.</param>
/// <param name="OnDevice">Elsewhere: the sum of this rank, <c>[values]</c>, for which nobody has waited.</param>
internal sealed record LossParts(float[] Numbers, int Values, int Shards, torch.Tensor? OnDevice)
{
    /// <summary>Adds numbers up over the shards of all ranks, in their order, and then over the micro-batches.</summary>
    /// <param name="all">The numbers of all ranks, one rank after the other.</param>
    /// <returns>The loss and its terms, <c>[values]</c>, on the CPU.</returns>
    public torch.Tensor Sum(float[] all)
    {
        int parts = Numbers.Length / Math.Max(1, Shards * Values), shards = all.Length / Math.Max(1, parts * Values);
        float[] sum = new float[Values];
        for (int part = 0; part < parts; part++)
        {
            for (int value = 0; value < Values; value++)
            {
                double ofPart = 0;
                for (int shard = 0; shard < shards; shard++)
                {
                    ofPart += all[(((shard * parts) + part) * Values) + value];
                }

                sum[value] = part == 0 ? (float)ofPart : sum[value] + (float)ofPart;
            }
        }

        return torch.tensor(sum);
    }
}
