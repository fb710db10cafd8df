using System.Text;
using GMem.Autoencoders;
using GMem.Distributed;
using GMem.Encoders;
using GMem.Parts;

namespace GMem;

/// <summary>What ranks that train together settle before their first step, and how one that fails ends the others.</summary>
internal static class RankAgreement
{
    /// <summary>What the shell says of a process that was stopped by Ctrl-C.</summary>
    private const int Stopped = 130;

    /// <summary>
    /// Runs a part of a training on this rank. What ends one of several ranks ends them all, since the others would wait for it: with its
    /// message, unless all know it already.
    /// </summary>
    /// <param name="ranks">Who trains together.</param>
    /// <param name="part">What is done.</param>
    /// <param name="isStopAgreed">Whether a request to stop is heard by all in the same step; else it ends them where they are.</param>
    public static T Run<T>(RankGroup ranks, Func<T> part, bool isStopAgreed)
    {
        try
        {
            return part();
        }
        catch (Exception e) when (ranks.Size > 1 && e is not RanksDifferException && !(isStopAgreed && e is OperationCanceledException))
        {
            bool isPlain = e is ArgumentException or IOException or InvalidDataException or InvalidOperationException
                or InsufficientMemoryException or GMemRuntimeException or UnauthorizedAccessException;
            string said = e is OperationCanceledException ? "stopped before the first step; nothing was kept." : isPlain ? e.Message : e.ToString();
            ranks.Abort(ranks.Rank == 0 ? said : $"rank {ranks.Rank} of {ranks.Size}: {said}", e is OperationCanceledException ? Stopped : 1);
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

        SnippetEncoder? fitted = ranks.Rank == 0 ? fit() : null;
        using DisposeScope scope = torch.NewDisposeScope();
        IReadOnlyDictionary<string, torch.Tensor> own = fitted?.SaveTensors() ?? new Dictionary<string, torch.Tensor>();
        string[] said = Text(
            ranks, fitted is null ? [] : [fitted.Kind.Name, $"{fitted.Kind.Version}", $"{fitted.SaveConfiguration()}", .. own.Keys]);
        Dictionary<string, torch.Tensor> tensors = said[3..].ToDictionary(
            name => name, name => ranks.Share(own.GetValueOrDefault(name)?.contiguous()));
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
