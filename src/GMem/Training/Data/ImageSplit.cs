namespace GMem.Training;

/// <summary>Which images are trained on and which are kept for validation: a function of the count, the fraction and the seed.</summary>
internal sealed class ImageSplit
{
    public ImageSplit(long count, double validationFraction, long seed)
    {
        long validation = ValidationCount(count, validationFraction);
        if (validation == 0)
        {
            Training = [.. Range(count)];
            Validation = [];
            return;
        }

        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Validation);
        using torch.Tensor permutation = torch.randperm(count, generator: generator);
        long[] order = permutation.data<long>().ToArray();
        Validation = [.. order[..(int)validation].Order()];
        Training = [.. order[(int)validation..].Order()];
    }

    /// <summary>Fits a batch of no given size to the images that are left to train on.</summary>
    /// <exception cref="ArgumentException">Of so many images none are left, or fewer than a batch of the size that was given.</exception>
    public static void FitBatch(long count, TrainingOptions options)
    {
        long training = count - ValidationCount(count, options.ValidationFraction);
        if (training < (options.BatchSize ?? 1))
        {
            string cure = options.BatchSize is null ? nameof(options.ValidationFraction) : nameof(options.BatchSize);
            throw new ArgumentException(
                $"There are {training} images{(training < count ? " to train on" : "")}, fewer than one batch of {options.BatchSize ?? 1}; "
                + $"bring more images or lower {cure}.");
        }

        options.FitBatch(training);
    }

    private static long ValidationCount(long count, double fraction) => (long)Math.Round(count * fraction);

    /// <summary>Image indices, rising.</summary>
    public IReadOnlyList<long> Training { get; }

    /// <summary>Image indices, rising; may be none.</summary>
    public IReadOnlyList<long> Validation { get; }

    private static IEnumerable<long> Range(long count)
    {
        for (long i = 0; i < count; i++)
        {
            yield return i;
        }
    }
}
