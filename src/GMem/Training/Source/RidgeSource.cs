using GMem.Backbone;
using GMem.Parts;
using GMem.Transport;

namespace GMem.Training;

/// <summary>A fitted <see cref="CentredSource"/>: the source N(mean image + W s, noise scale^2 I) of a snippet s.</summary>
internal sealed class RidgeSource : SharedModelPart
{
    public static readonly PartKind SavedKind = new("ridge-source");

    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _weight;

    private RidgeSource(double noiseScale, torch.Tensor mean, torch.Tensor weight) =>
        (NoiseScale, _mean, _weight, Shape) =
            (noiseScale, mean.DetachFromDisposeScope(), weight.DetachFromDisposeScope(), weight.shape);

    public override PartKind Kind => SavedKind;

    public override bool IsThreadSafe => true;

    public double NoiseScale { get; }

    /// <summary>m, C, h, w.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <param name="noiseScale">Standard deviation of the noise.</param>
    /// <param name="mean">float32 <c>[1, C, h, w]</c>; copied.</param>
    /// <param name="weight">float32 <c>[m, C, h, w]</c>; copied.</param>
    /// <param name="device">Where it is put.</param>
    public static RidgeSource Of(double noiseScale, torch.Tensor mean, torch.Tensor weight, torch.Device device) =>
        new(noiseScale, mean.to(device, copy: true), weight.to(device, copy: true));

    public RidgeSource CopyTo(torch.Device device) => Of(NoiseScale, _mean, _weight, device);

    /// <summary>The source of a batch, by the snippet among its conditions.</summary>
    /// <param name="conditions">The network's conditions.</param>
    /// <param name="values">Their values as the network sees them, on the device of the part.</param>
    /// <param name="singly">As for snippets alone.</param>
    public GaussianSource Of(IReadOnlyList<Condition> conditions, IReadOnlyList<torch.Tensor> values, bool singly = false) =>
        Of(values[RidgeFit.SnippetIndex(conditions)], singly);

    /// <summary>The source of a batch.</summary>
    /// <param name="snippets">As the network sees them, float32 <c>[B, m]</c> on the device of the part.</param>
    /// <param name="singly">
    /// Whether each row is computed by itself: a matrix product of another height may round otherwise, and what is generated must not
    /// depend on the batch.
    /// </param>
    public GaussianSource Of(torch.Tensor snippets, bool singly = false)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor weight = _weight.flatten(1);
        torch.Tensor explained = singly
            ? torch.cat([.. Enumerable.Range(0, (int)snippets.shape[0]).Select(i => snippets.narrow(0, i, 1).mm(weight))])
            : snippets.mm(weight);
        torch.Tensor mean = explained.view([snippets.shape[0], .. _mean.shape[1..]]).PlusInPlace(_mean);
        return new GaussianSource(mean.MoveToOuterDisposeScope(), NoiseScale, _mean);
    }

    /// <inheritdoc/>
    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(new Configuration { NoiseScale = NoiseScale });

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() =>
        new Dictionary<string, torch.Tensor> { ["mean"] = _mean, ["weight"] = _weight };

    public static RidgeSource Load(SavedPart saved)
    {
        double scale = saved.Configuration.Read<Configuration>().NoiseScale;
        (torch.Tensor mean, torch.Tensor weight) = (saved.FiniteTensor("mean", torch.float32), saved.FiniteTensor("weight", torch.float32));
        return scale > 0 && weight.shape is [>= 1, _, _, _] && mean.shape.AsSpan().SequenceEqual([1, .. weight.shape[1..]])
            ? Of(scale, mean, weight, saved.Device)
            : throw new InvalidDataException(
                $"The source has noise of scale {scale}, a mean [{string.Join(", ", mean.shape)}] and weights "
                + $"[{string.Join(", ", weight.shape)}]; they must be above 0, [1, C, h, w] and [m, C, h, w].");
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _mean.Dispose();
        _weight.Dispose();
    }

    private sealed class Configuration
    {
        public required double NoiseScale { get; init; }
    }
}
