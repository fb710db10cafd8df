using GMem.Encoders;
using GMem.Parts;
using GMem.Runtime;
using GMem.Training;
using TorchSharp;
using TorchSharp.Modules;

namespace HeadlineResult.Encoders;

/// <summary>
/// A small vision transformer, trained for a few minutes without labels to give two views of an image the same features and different
/// features different things to say (Barlow Twins, arXiv 2103.03230).
/// </summary>
internal sealed class ContrastiveEncoder : SnippetEncoder
{
    /// <summary>Of its training, unless told otherwise.</summary>
    public const int DefaultSteps = 300;

    private const int Width = 128;
    private const int ProjectorWidth = 256;
    private const int BatchSize = 64;
    private const double LearningRate = 1e-3;
    private const double OffDiagonalWeight = 5e-3;

    private readonly SmallViT _network;
    private readonly FittedFeatures _fitted;

    private ContrastiveEncoder(torch.Tensor images, int dimension, int seed, int steps)
    {
        _network = Train(images, seed, steps);
        _network.eval();
        _fitted = FittedFeatures.Fit(images, Features, dimension);
    }

    public override PartKind Kind => new("contrastive");

    public override int Dimension => (int)_fitted.Directions.shape[1];

    /// <param name="images">uint8 <c>[N, 3, S, S]</c>.</param>
    /// <param name="dimension">Length of a snippet.</param>
    /// <param name="seed">Decides weights, batches and views.</param>
    /// <param name="steps">Of its training; 0 leaves random weights.</param>
    public static ContrastiveEncoder Fit(torch.Tensor images, int dimension, int seed, int steps = DefaultSteps) =>
        new(images, dimension, seed, steps);

    public override torch.Tensor Encode(torch.Tensor images) => _fitted.Snippets(images, Features);

    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() =>
        new Dictionary<string, torch.Tensor>(
            _network.state_dict())
        { ["feature_mean"] = _fitted.Mean, ["directions"] = _fitted.Directions };

    protected override void Dispose(bool disposing)
    {
        _network.Dispose();
        _fitted.Dispose();
    }

    private static SmallViT Train(torch.Tensor images, int seed, int steps)
    {
        // Modules draw their first weights from the global generator; nothing else in this program does.
        _ = torch.manual_seed(seed);
        using torch.Generator generator = new((ulong)seed);
        SmallViT network = new(Width, (int)images.shape[3]);
        using Sequential projector = torch.nn.Sequential(
            torch.nn.Linear(Width, ProjectorWidth),
            torch.nn.LayerNorm(ProjectorWidth), torch.nn.ReLU(), torch.nn.Linear(ProjectorWidth, ProjectorWidth));
        using FlatParameters parameters = new(network.named_parameters().Concat(projector.named_parameters()));
        using FlatAdamW optimizer = new(parameters, new AdamWSettings(0.9, 0.95, 1e-8, 0), maximumNorm: 1);
        for (int step = 0; step < steps; step++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor chosen = torch.randint(images.shape[0], [BatchSize], generator: generator, dtype: torch.int64);
            torch.Tensor batch = Scaled(images.index_select(0, chosen));
            torch.Tensor first = projector.forward(network.forward(Augmentation.View(batch, generator)));
            torch.Tensor second = projector.forward(network.forward(Augmentation.View(batch, generator)));
            parameters.ZeroGradients();
            Loss(first, second).backward();
            _ = optimizer.Update(LearningRate, averageDecay: 0);
        }

        return network;
    }

    /// <summary>The cross-correlation of the two views' features should be the identity.</summary>
    private static torch.Tensor Loss(torch.Tensor first, torch.Tensor second)
    {
        torch.Tensor correlation = Standardised(first).t().matmul(Standardised(second)).Times(1.0 / BatchSize);
        torch.Tensor diagonal = correlation.diagonal();
        torch.Tensor on = diagonal.OneMinus().Squared().sum();
        torch.Tensor off = correlation.Squared().sum() - diagonal.Squared().sum();
        return on.Plus(off.Times(OffDiagonalWeight));
    }

    private static torch.Tensor Standardised(torch.Tensor z)
    {
        torch.Tensor centred = z - z.mean([0L], keepdim: true);
        return centred * centred.Squared().mean([0L], keepdim: true).PlusInPlace(1e-6).rsqrt();
    }

    private static torch.Tensor Scaled(torch.Tensor images) => images.to(torch.float32).Times(1 / 127.5).PlusInPlace(-1);

    private torch.Tensor Features(torch.Tensor images) => _network.forward(Scaled(images));
}
