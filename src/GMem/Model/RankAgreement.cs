using System.Text;
using GMem.Autoencoders;
using GMem.Distributed;
using GMem.Encoders;
using GMem.Parts;

namespace GMem;

/// <summary>What ranks that train together settle before their first step.</summary>
internal static class RankAgreement
{
    /// <summary>What the shell says of a process that was stopped by Ctrl-C.</summary>
    private const int Stopped = 130;

    /// <summary>
    /// Runs what comes before the first step. From then on ranks hear a request to stop in the same step; before, one that stopped would
    /// leave the others waiting, and so it ends them.
    /// </summary>
    public static T Prepare<T>(RankGroup ranks, Func<T> preparation)
    {
        try
        {
            return preparation();
        }
        catch (OperationCanceledException) when (ranks.Size > 1)
        {
            ranks.Abort("stopped before the first step; nothing was kept.", Stopped);
            throw;
        }
    }

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
        string[] said = Text(
            ranks, fitted is null ? [] : [fitted.Kind.Name, $"{fitted.Kind.Version}", $"{fitted.SaveConfiguration()}", .. own.Keys]);
        Dictionary<string, torch.Tensor> tensors = said[3..].ToDictionary(
            name => name, name => ranks.Share(own.GetValueOrDefault(name)?.cpu().contiguous()));
        PartKind kind = new(said[0], int.Parse(said[1], CultureInfo.InvariantCulture));
        return fitted ?? ModelParts.Load<SnippetEncoder>(new SavedPart(kind, PartConfiguration.Parse(said[2]), tensors, torch.CPU));
    }

    /// <summary>Statistics of the first rank, on all of them.</summary>
    public static LatentStatistics Share(RankGroup ranks, LatentStatistics own)
    {
        float[] numbers = [.. own.Mean, .. own.StandardDeviation];
        float[] first = ranks.ExchangeNumbers(numbers)[..numbers.Length];
        return new LatentStatistics(first[..own.Mean.Count], first[own.Mean.Count..]);
    }

    private static string[] Text(RankGroup ranks, string[] own) =>
        Encoding.UTF8.GetString(ranks.Exchange(Encoding.UTF8.GetBytes(string.Join('\0', own)))[0]).Split('\0');
}
