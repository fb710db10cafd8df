using GMem.Images;

namespace GMem.Evaluation;

/// <summary>What every metric asks of its input: a matrix of finite numbers, one row an image.</summary>
internal static class FeatureMatrix
{
    /// <summary>Rows that are turned to float64 at a time: large enough for a fast product, small enough to hold several.</summary>
    public const int BlockRows = 1024;

    /// <summary>Refuses what is no finite float matrix of at least <paramref name="minimumRows"/> rows.</summary>
    public static void Check(torch.Tensor features, string parameter, long minimumRows = 1)
    {
        ArgumentNullException.ThrowIfNull(features, parameter);
        if (features.dim() != 2 || features.shape[1] == 0 || features.dtype is not (torch.ScalarType.Float32 or torch.ScalarType.Float64))
        {
            throw new ArgumentException(
                $"Features are float32 or float64 [N, D], one row an image; this is {features.dtype} "
                + $"{ImageTensors.Shape(features)}.", parameter);
        }

        if (features.shape[0] < minimumRows)
        {
            throw new ArgumentException($"There are {features.shape[0]} rows of features; at least {minimumRows} are needed.", parameter);
        }

        using DisposeScope scope = torch.NewDisposeScope();
        if (!features.isfinite().all().item<bool>())
        {
            long row = features.isfinite().all(1).logical_not().nonzero().min().item<long>();
            throw new ArgumentException(
                $"Row {row} of the features has a value that is not finite; no metric is defined for it. Did the model or the feature "
                + "network overflow?", parameter);
        }
    }

    /// <summary>Refuses two sets that cannot be compared.</summary>
    public static void CheckPair(torch.Tensor real, torch.Tensor generated, long minimumRows = 1)
    {
        Check(real, nameof(real), minimumRows);
        Check(generated, nameof(generated), minimumRows);
        if (real.shape[1] != generated.shape[1])
        {
            throw new ArgumentException(
                $"The generated images have {generated.shape[1]} features each, the real ones {real.shape[1]}; both must come from the "
                + "same feature network.", nameof(generated));
        }
    }

    /// <summary>Number of blocks of <see cref="BlockRows"/> rows, the last one perhaps shorter.</summary>
    public static int BlockCount(torch.Tensor features) => (int)((features.shape[0] + BlockRows - 1) / BlockRows);

    /// <summary>Where block <paramref name="index"/> begins.</summary>
    public static long Start(int index) => (long)index * BlockRows;

    /// <summary>Block <paramref name="index"/> of the rows of a tensor, as a view.</summary>
    public static torch.Tensor Rows(torch.Tensor tensor, int index) =>
        tensor.narrow(0, Start(index), Math.Min(BlockRows, tensor.shape[0] - Start(index)));

    /// <summary>Block <paramref name="index"/> in float64.</summary>
    public static torch.Tensor Block(torch.Tensor features, int index) => Rows(features, index).to(torch.float64);
}
