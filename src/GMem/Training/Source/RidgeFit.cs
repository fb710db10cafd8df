using System.Globalization;
using GMem.Backbone;

namespace GMem.Training;

/// <summary>
/// Fits W of <see cref="CentredSource"/>: (S'S / n + lambda I) W = S'(X - mean) / n, with lambda the ridge times the mean of the diagonal
/// of S'S / n. The sums are in float64, some images at a time. Where images are mirrored, both sides are fitted, each to its own snippet.
/// </summary>
internal sealed class RidgeFit : IDisposable
{
    /// <summary>Images that are fitted at most, evenly spread: many times the unknowns, and minutes at most.</summary>
    public const int MostImages = 100_000;

    private const long BytesAtOnce = 64L << 20;
    private const int MostRows = 512;

    private readonly torch.Tensor _gram;
    private readonly torch.Tensor _moments;
    private readonly torch.Tensor _snippets;
    private readonly torch.Tensor _images;
    private long _count;

    /// <param name="dimension">m.</param>
    /// <param name="features">Numbers of an image.</param>
    private RidgeFit(long dimension, long features)
    {
        torch.Tensor Zeros(params ReadOnlySpan<long> shape) => torch.zeros(shape, dtype: torch.float64).DetachFromDisposeScope();
        (_gram, _moments) = (Zeros(dimension, dimension), Zeros(dimension, features));
        (_snippets, _images) = (Zeros(dimension), Zeros(features));
    }

    /// <param name="set">The training data, with a snippet condition.</param>
    /// <param name="images">Images to fit.</param>
    /// <param name="source">Noise and ridge.</param>
    /// <param name="device">Where the source is put.</param>
    /// <param name="free">Bytes of main memory; null asks the machine, and what it cannot tell is not checked.</param>
    /// <param name="cancellationToken">Looked at before every batch.</param>
    /// <exception cref="InsufficientMemoryException">The map and its sums do not fit; the message says what would.</exception>
    public static RidgeSource Run(
        TrainingSet set, IReadOnlyList<long> images, CentredSource source, torch.Device device, long? free = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        int condition = SnippetIndex(set.Conditions);
        long dimension = ((SnippetCondition)set.Conditions[condition]).Size;
        long[] shape = set.Batch([images[0]], [false], long.MinValue).Data.shape[1..];
        long features = shape.Aggregate(1L, (product, side) => product * side);
        RequireMemory(dimension, features, free ?? FreeMemory.On(torch.CPU));
        using RidgeFit fit = new(dimension, features);
        int rows = (int)Math.Clamp(BytesAtOnce / (sizeof(double) * features), 1, MostRows);
        long fitted = Math.Min(images.Count, MostImages);
        for (long begin = 0; begin < fitted; begin += rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long[] indices = new long[Math.Min(rows, fitted - begin)];
            for (int i = 0; i < indices.Length; i++)
            {
                indices[i] = images[(int)((begin + i) * images.Count / fitted)];
            }

            foreach (bool mirror in set.CanMirror ? [false, true] : new[] { false })
            {
                using DisposeScope batchScope = torch.NewDisposeScope();
                bool[] mirrored = new bool[indices.Length];
                Array.Fill(mirrored, mirror);

                // Training and validation draw latents of steps near 0; these are far from both.
                TrainingBatch batch = set.Batch(indices, mirrored, long.MinValue + begin);
                fit.Add(batch.Conditions[condition], batch.Data);
            }
        }

        (torch.Tensor mean, torch.Tensor weight) = fit.Solve(source.Ridge);
        return RidgeSource.Of(source.NoiseScale, mean.view([1, .. shape]), weight.view([dimension, .. shape]), device);
    }

    /// <summary>Which of the conditions is the snippet.</summary>
    /// <exception cref="ArgumentException">None is.</exception>
    public static int SnippetIndex(IReadOnlyList<Condition> conditions)
    {
        int index = conditions.TakeWhile(c => c is not SnippetCondition).Count();
        return index < conditions.Count ? index : throw new ArgumentException(
            $"Training.Source is centred by the snippet, but the network is conditioned on "
            + $"{(conditions.Count == 0 ? "nothing" : string.Join(", ", conditions.Select(c => $"'{c.Kind.Name}'")))}. Add a "
            + "SnippetCondition to Network.Conditions, or set Training.Source = null.");
    }

    /// <exception cref="InsufficientMemoryException">The map does not fit.</exception>
    internal static void RequireMemory(long dimension, long features, long? free)
    {
        // The moments and a block of them in float64, the map in float32 here and on the device.
        double needed = ((double)dimension * features * ((2 * sizeof(double)) + (2 * sizeof(float))))
            + ((double)dimension * dimension * 3 * sizeof(double));
        if (needed > free)
        {
            throw new InsufficientMemoryException(string.Create(
                CultureInfo.InvariantCulture,
                $"Training.Source maps snippets of {dimension} entries to {features} numbers an image, which takes about "
                + $"{needed / 1e9:0.0} GB, and {free / 1e9:0.0} GB are free. Train on latents (Autoencoder) or smaller images, shorten the "
                + $"snippets, or set Training.Source = null."));
        }
    }

    /// <summary>Adds a batch: snippets <c>[B, m]</c> and their images <c>[B, ...]</c>.</summary>
    private void Add(torch.Tensor snippets, torch.Tensor images)
    {
        torch.Tensor s = snippets.cpu().to(torch.float64);
        torch.Tensor x = images.cpu().flatten(1).to(torch.float64);
        _gram.PlusInPlace(s.t().mm(s));
        _moments.PlusInPlace(s.t().mm(x));
        _snippets.PlusInPlace(s.sum(dim: 0));
        _images.PlusInPlace(x.sum(dim: 0));
        _count += s.shape[0];
    }

    /// <returns>The mean image <c>[features]</c> and W <c>[m, features]</c>, float32.</returns>
    private (torch.Tensor Mean, torch.Tensor Weight) Solve(double ridge)
    {
        long dimension = _gram.shape[0];
        torch.Tensor mean = _images.DividedBy(_count);
        torch.Tensor moments = _moments.sub_(torch.outer(_snippets, mean));
        double lambda = ridge * _gram.trace().item<double>() / dimension;
        torch.Tensor regular = _gram.PlusScaled(lambda, torch.eye(dimension, dtype: torch.float64));
        return (mean.to(torch.float32), torch.linalg.solve(regular, moments).to(torch.float32));
    }

    public void Dispose()
    {
        _gram.Dispose();
        _moments.Dispose();
        _snippets.Dispose();
        _images.Dispose();
    }
}
