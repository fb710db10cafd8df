namespace GMem.Backbone;

/// <summary>Hides part of the condition in training, as functions of a generator, so that any step can be replayed.</summary>
public static class ConditionDropout
{
    /// <summary>Drops entries of snippets: GMem's masking.</summary>
    /// <param name="snippets">Snippets, <c>[B, m]</c>, floating point.</param>
    /// <param name="probability">Probability of each entry to be dropped, in [0, 1).</param>
    /// <param name="generator">Where the randomness comes from; a CPU generator.</param>
    /// <returns>New snippets, <c>[B, m]</c>: dropped entries are 0, kept ones are divided by <c>1 - probability</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public static torch.Tensor DropEntries(torch.Tensor snippets, double probability, torch.Generator generator)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor keep = KeepMask(snippets.shape, probability, generator).to(snippets.dtype, snippets.device);
        return ApplyKeepMask(snippets, keep, probability).MoveToOuterDisposeScope();
    }

    /// <summary>Draws which entries are kept.</summary>
    /// <param name="shape">Shape of the snippets.</param>
    /// <param name="probability">Probability of each entry to be dropped, in [0, 1).</param>
    /// <param name="generator">Where the randomness comes from; a CPU generator.</param>
    /// <returns>A new boolean tensor on the CPU, true where an entry is kept.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public static torch.Tensor KeepMask(ReadOnlySpan<long> shape, double probability, torch.Generator generator)
    {
        CheckProbability(probability, below1: true);
        using torch.Tensor uniform = torch.rand(shape, dtype: torch.float32, generator: generator);
        return uniform.IsAtLeast((float)probability);
    }

    /// <summary>Applies a keep mask.</summary>
    /// <param name="snippets">Snippets, <c>[B, m]</c>.</param>
    /// <param name="keep">1 (or true) where an entry is kept, 0 elsewhere, <c>[B, m]</c>, on the same device.</param>
    /// <param name="probability">The probability with which entries were dropped, in [0, 1).</param>
    /// <returns>New snippets, <c>[B, m]</c>: dropped entries are 0, kept ones are divided by <c>1 - probability</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public static torch.Tensor ApplyKeepMask(torch.Tensor snippets, torch.Tensor keep, double probability)
    {
        CheckProbability(probability, below1: true);
        return (snippets * keep).TimesInPlace(1 / (1 - probability));
    }

    /// <summary>Replaces labels by the null label: classifier-free guidance needs a network that knows both.</summary>
    /// <param name="labels">Labels, <c>[B]</c>, int64.</param>
    /// <param name="nullLabel">The null label: the number of classes.</param>
    /// <param name="probability">Probability of each label to be replaced, in [0, 1].</param>
    /// <param name="generator">Where the randomness comes from; a CPU generator.</param>
    /// <returns>New labels, <c>[B]</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1].</exception>
    public static torch.Tensor DropLabels(torch.Tensor labels, long nullLabel, double probability, torch.Generator generator)
    {
        CheckProbability(probability, below1: false);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor uniform = torch.rand(labels.shape, dtype: torch.float32, generator: generator).to(labels.device);
        return ReplaceLabels(labels, uniform, nullLabel, probability).MoveToOuterDisposeScope();
    }

    /// <summary>Replaces the labels whose uniform number is below the probability.</summary>
    /// <param name="labels">Labels, <c>[B]</c>, int64.</param>
    /// <param name="uniform">Numbers uniform in [0, 1), <c>[B]</c>, on the same device.</param>
    /// <param name="nullLabel">The null label: the number of classes.</param>
    /// <param name="probability">Probability of each label to be replaced, in [0, 1].</param>
    /// <returns>New labels, <c>[B]</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1].</exception>
    public static torch.Tensor ReplaceLabels(torch.Tensor labels, torch.Tensor uniform, long nullLabel, double probability)
    {
        CheckProbability(probability, below1: false);
        using torch.Tensor drop = uniform.IsBelow(probability);
        return labels.FilledWhere(drop, nullLabel);
    }

    private static void CheckProbability(double probability, bool below1)
    {
        if (!(probability >= 0 && (below1 ? probability < 1 : probability <= 1)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(probability), probability, $"The dropout probability must be in {(below1 ? "[0, 1)" : "[0, 1]")}.");
        }
    }
}
