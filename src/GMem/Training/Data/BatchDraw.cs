using GMem.Backbone;
using GMem.Transport;

namespace GMem.Training;

/// <summary>What a step is computed from: images, conditions, times and noise, all of them functions of (seed, step).</summary>
internal sealed class BatchDraw(
    TrainingSet set, IReadOnlyList<long> images, SiTOptions network, FlowTransport transport, TrainingOptions options, torch.Device device,
    RidgeSource? source = null)
{
    private readonly BatchOrder _order = new(images.Count, options.ImagesPerStep, options.Seed);

    /// <param name="step">The step, from 0.</param>
    /// <param name="augmentation">Probability of each kind of augmentation, where there are any.</param>
    /// <returns>Tensors of the caller's scope.</returns>
    public StepDraws Of(long step, double augmentation = 0)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(options.Seed, RandomPurpose.TrainingStep, step);
        int batch = options.ImagesPerStep;
        bool[] mirrored = Mirrored(generator, batch);
        torch.Tensor time = transport.SampleTimes(batch, options.TimeDistribution, generator);
        long[] indices = Array.ConvertAll(_order.Indices(step), i => images[(int)i]);
        torch.Tensor? transforms = options.Augmentation is { } kinds
            ? AugmentationDraw.Of(kinds, augmentation, [batch, .. set.RowShape], options.Seed, step)
            : null;
        TrainingBatch taken = set.Batch(indices, mirrored, step, transforms);
        torch.Tensor noise = torch.randn(taken.Data.shape, dtype: torch.float32, generator: generator).ToDevice(device);
        torch.Tensor[] conditions = [.. network.Conditions.Zip(taken.Conditions, (c, values) => c.Drop(values, generator))];
        noise = source?.Of(network.Conditions, conditions).Draw(noise) ?? noise;
        FlowMapDraws? map = options.FlowMap is { } wanted ? FlowMapDraws.Of(wanted, time, generator) : null;
        return new StepDraws(
            taken.Data.MoveToOuterDisposeScope(),
            noise.MoveToOuterDisposeScope(),
            time.ToDevice(device).MoveToOuterDisposeScope(),
            [.. conditions.Select(c => c.MoveToOuterDisposeScope())],
            taken.Tokens?.MoveToOuterDisposeScope(),
            map is null ? null : map with { Target = map.Target.ToDevice(device).MoveToOuterDisposeScope() });
    }

    /// <summary>Drawn in every case, so that switching mirroring on changes no other number.</summary>
    private bool[] Mirrored(torch.Generator generator, int batch)
    {
        using torch.Tensor uniform = torch.rand(batch, generator: generator);
        float[] u = uniform.data<float>().ToArray();
        return Array.ConvertAll(u, x => set.CanMirror && x < 0.5f);
    }
}
