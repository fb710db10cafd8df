using GMem.Autoencoders;
using GMem.Distributed;
using GMem.Encoders;
using GMem.Parts;

namespace GMem;

/// <summary>What ranks that train together settle before their first step.</summary>
internal static class RankAgreement
{
    /// <summary>
    /// Runs what comes before the first step. From then on ranks hear a request to stop in the same step.
    /// </summary>
    public static T Prepare<T>(RankGroup ranks, Func<T> preparation) =>
        ranks.EndAllIfStopped(preparation, "stopped before the first step; nothing was kept.");

    /// <summary>An encoder that the first rank fits, on all of them.</summary>
    public static SnippetEncoder Fit(RankGroup ranks, Func<SnippetEncoder> fit)
    {
        if (ranks.Size == 1)
        {
            return fit();
        }

        SnippetEncoder? fitted = ranks.Rank == 0 ? ranks.WithHostThreads(fit) : null;
        using DisposeScope scope = torch.NewDisposeScope();
        IReadOnlyDictionary<string, torch.Tensor> own = fitted?.SaveTensors() ?? new Dictionary<string, torch.Tensor>();
        string[] said = ranks.ShareTexts(
            fitted is null ? [] : [fitted.Kind.Name, $"{fitted.Kind.Version}", $"{fitted.SaveConfiguration()}", .. own.Keys]);
        Dictionary<string, torch.Tensor> tensors = said[3..].ToDictionary(
            name => name, name => ranks.Share(own.GetValueOrDefault(name)?.cpu().contiguous()));
        PartKind kind = new(said[0], int.Parse(said[1], CultureInfo.InvariantCulture));
        return fitted ?? ModelParts.Load<SnippetEncoder>(new SavedPart(kind, PartConfiguration.Parse(said[2]), tensors, torch.CPU));
    }

    /// <summary>Statistics that the first rank computes, on all of them.</summary>
    public static LatentStatistics Compute(RankGroup ranks, Func<LatentStatistics> compute)
    {
        if (ranks.Size == 1)
        {
            return compute();
        }

        using DisposeScope scope = torch.NewDisposeScope();
        LatentStatistics? own = ranks.Rank == 0 ? ranks.WithHostThreads(compute) : null;
        torch.Tensor both = ranks.Share(own is null ? null : torch.tensor((float[])[.. own.Mean, .. own.StandardDeviation]));
        float[] numbers = both.data<float>().ToArray();
        return own ?? new LatentStatistics(numbers[..(numbers.Length / 2)], numbers[(numbers.Length / 2)..]);
    }
}
