namespace GMem.Training;

/// <summary>Which images of a step learn a flow map, and between which times.</summary>
/// <param name="Target">Times r to which the map leads, <c>[B]</c>; of the other images, their own times t.</param>
/// <param name="IsMap">Which images these are, known to the host.</param>
internal sealed record FlowMapDraws(torch.Tensor Target, bool[] IsMap)
{
    /// <summary>Draws the intervals, and puts their beginnings into the times of the images that learn the map.</summary>
    /// <param name="options">How many, and how long.</param>
    /// <param name="time">Times t <c>[B]</c> on the CPU; changed in place.</param>
    /// <param name="generator">Where the random numbers come from.</param>
    public static FlowMapDraws Of(FlowMapOptions options, torch.Tensor time, torch.Generator generator)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long count = time.shape[0];
        float[] uniform = [.. torch.rand([2, count], generator: generator).data<float>()];
        float[] begin = [.. time.data<float>()], end = [.. begin];

        // Evenly over the batch, so that every shard has its share of them.
        bool[] isMap = [.. Enumerable.Range(0, (int)count).Select(i => (long)((i + 1) * options.Share) > (long)(i * options.Share))];
        for (int i = 0; i < count; i++)
        {
            if (isMap[i])
            {
                double length = Math.Pow(options.ShortestInterval, uniform[i]);
                begin[i] = (float)(uniform[count + i] * (1 - length));
                end[i] = (float)Math.Min(1, begin[i] + length);
            }
        }

        _ = time.copy_(torch.tensor(begin));
        return new FlowMapDraws(torch.tensor(end).MoveToOuterDisposeScope(), isMap);
    }

    /// <returns>A view of some of the images.</returns>
    public FlowMapDraws Slice(long begin, long length) =>
        new(Target.narrow(0, begin, length), IsMap[(int)begin..(int)(begin + length)]);
}
