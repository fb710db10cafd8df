using GMem.Images;

namespace GMem.Evaluation;

/// <summary>Checks that the input of a metric is a matrix of finite numbers, one row per image, and divides it into blocks.</summary>
internal static class FeatureMatrix
{
    /// <summary>Rows converted to float64 at a time: enough for fast products, few enough to hold several blocks in memory.</summary>
    public const int BlockRows = 1024;

    /// <summary>Throws unless the features are a finite float matrix of at least <paramref name="minimumRows"/> rows.</summary>
    public static void Check(torch.Tensor features, string parameter, long minimumRows = 1)
    {
        ArgumentNullException.ThrowIfNull(features, parameter);
        if (features.dim() != 2 || features.shape[1] == 0 || features.dtype is not (torch.ScalarType.Float32 or torch.ScalarType.Float64))
        {
            throw new ArgumentException(
                $"Features must be float32 or float64 [N, D], one row per image; this is {features.dtype} "
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

    /// <summary>Throws if two sets cannot be compared.</summary>
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

    /// <summary>Number of blocks of <see cref="BlockRows"/> rows; the last may be shorter.</summary>
    public static int BlockCount(torch.Tensor features) => (int)((features.shape[0] + BlockRows - 1) / BlockRows);

    /// <summary>First row of block <paramref name="index"/>.</summary>
    public static long Start(int index) => (long)index * BlockRows;

    /// <summary>Block <paramref name="index"/> of the rows of a tensor, as a view.</summary>
    public static torch.Tensor Rows(torch.Tensor tensor, int index) =>
        tensor.narrow(0, Start(index), Math.Min(BlockRows, tensor.shape[0] - Start(index)));

    /// <summary>Block <paramref name="index"/> in float64.</summary>
    public static torch.Tensor Block(torch.Tensor features, int index) => Rows(features, index).to(torch.float64);
}
