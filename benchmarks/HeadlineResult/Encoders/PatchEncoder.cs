using GMem.Encoders;
using GMem.Parts;
using GMem.Runtime;
using TorchSharp;

namespace HeadlineResult.Encoders;

/// <summary>
/// Whitened patches against k-means centres, soft assignments summed over quarters of the image (Coates, Lee and Ng, "An Analysis of
/// Single-Layer Networks in Unsupervised Feature Learning", 2011), then the first principal directions of these.
/// </summary>
internal sealed class PatchEncoder : SnippetEncoder
{
    private const int Side = 6;
    private const int Stride = 2;
    private const int Centres = 256;
    private const int Rounds = 12;
    private const int PatchesForFit = 50_000;
    private const double Contrast = 10;
    private const double Ridge = 0.1;

    /// <summary>Width of a patch token.</summary>
    public const int TokenWidth = Centres;

    private const int TokenGrid = 8;

    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _whitening;
    private readonly torch.Tensor _centres;
    private readonly FittedFeatures _fitted;

    private PatchEncoder(torch.Tensor images, int dimension, int seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new((ulong)seed);
        torch.Tensor patches = SamplePatches(images, generator);
        torch.Tensor mean = patches.mean([0L], keepdim: true);
        torch.Tensor centred = patches - mean;
        torch.Tensor covariance = centred.t().matmul(centred).Times(1.0 / patches.shape[0]);
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(covariance);
        torch.Tensor whitening = (vectors * values.PlusInPlace(Ridge).rsqrt()).matmul(vectors.t());
        _mean = mean.DetachFromDisposeScope();
        _whitening = whitening.DetachFromDisposeScope();
        _centres = KMeans(centred.matmul(whitening), generator).DetachFromDisposeScope();
        _fitted = FittedFeatures.Fit(images, Features, dimension);
    }

    public override PartKind Kind => new("patches");

    public override int Dimension => (int)_fitted.Directions.shape[1];

    public override int PatchTokenDimension => TokenWidth;

    public static PatchEncoder Fit(torch.Tensor images, int dimension, int seed) => new(images, dimension, seed);

    public override torch.Tensor Encode(torch.Tensor images) => _fitted.Snippets(images, Features);

    public override (torch.Tensor Snippets, torch.Tensor Tokens) EncodeWithPatches(torch.Tensor images)
    {
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor tokens = FittedFeatures.InBatches(images,
            part => torch.nn.functional.adaptive_avg_pool2d(Map(part), [TokenGrid, TokenGrid]).flatten(2).transpose(1, 2).contiguous());
        return (Encode(images).MoveToOuterDisposeScope(), tokens.MoveToOuterDisposeScope());
    }

    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => new Dictionary<string, torch.Tensor>
    {
        ["mean"] = _mean,
        ["whitening"] = _whitening,
        ["centres"] = _centres,
        ["feature_mean"] = _fitted.Mean,
        ["directions"] = _fitted.Directions,
    };

    protected override void Dispose(bool disposing)
    {
        _mean.Dispose();
        _whitening.Dispose();
        _centres.Dispose();
        _fitted.Dispose();
    }

    private static torch.Tensor SamplePatches(torch.Tensor images, torch.Generator generator)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor some = FittedFeatures.EvenlySpaced(images, 1000);
        torch.Tensor all = Patches(some);
        torch.Tensor chosen = torch.randperm(all.shape[0], generator: generator).narrow(0, 0, Math.Min(PatchesForFit, all.shape[0]));
        return all.index_select(0, chosen).MoveToOuterDisposeScope();
    }

    /// <summary>All patches <c>[B * P, 3 * 36]</c>, each of mean 0 and contrast about 1.</summary>
    private static torch.Tensor Patches(torch.Tensor images)
    {
        torch.Tensor columns = torch.nn.functional.unfold(images.to(torch.float32), (Side, Side), stride: (Stride, Stride));
        torch.Tensor patches = columns.transpose(1, 2).reshape(-1, columns.shape[1]);
        torch.Tensor centred = patches - patches.mean([1L], keepdim: true);
        torch.Tensor variance = centred.Squared().mean([1L], keepdim: true);
        return centred * variance.PlusInPlace(Contrast).rsqrt();
    }

    private static torch.Tensor KMeans(torch.Tensor points, torch.Generator generator)
    {
        torch.Tensor centres = points.index_select(0, torch.randperm(points.shape[0], generator: generator).narrow(0, 0, Centres));
        for (int round = 0; round < Rounds; round++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor nearest = SquaredDistances(points, centres).argmin(1);
            torch.Tensor counts = torch.bincount(nearest, minlength: Centres).to(torch.float32);
            torch.Tensor sums = torch.zeros_like(centres).scatter_add_(0, nearest.unsqueeze(1).expand_as(points), points);

            // A centre that lost all its points stays where it is.
            torch.Tensor means = sums / counts.AtLeast(1).unsqueeze(1);
            centres = torch.where(counts.IsAbove(0).unsqueeze(1), means, centres).MoveToOuterDisposeScope();
        }

        return centres;
    }

    private static torch.Tensor SquaredDistances(torch.Tensor points, torch.Tensor centres) =>
        points.Squared()
            .sum(1, keepdim: true).Plus(centres.Squared().sum(1).unsqueeze(0)).PlusScaledInPlace(-2, points.matmul(centres.t()));

    /// <summary><c>[B, 4 * K]</c>: the map's sums over each quarter.</summary>
    private torch.Tensor Features(torch.Tensor images) => torch.nn.functional.adaptive_avg_pool2d(Map(images), [2, 2]).flatten(1);

    /// <summary><c>[B, K, side, side]</c>: for each patch and centre how much nearer that is than centres are on average.</summary>
    private torch.Tensor Map(torch.Tensor images)
    {
        long side = ((images.shape[2] - Side) / Stride) + 1;
        torch.Tensor points = (Patches(images) - _mean).matmul(_whitening);
        torch.Tensor distances = SquaredDistances(points, _centres).relu().sqrt();
        torch.Tensor nearer = (distances.mean([1L], keepdim: true) - distances).relu();
        return nearer.view(images.shape[0], side, side, Centres).permute(0, 3, 1, 2);
    }
}
