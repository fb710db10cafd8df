using System.Diagnostics;
using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;
using GMem.Latents;
using GMem.Memory;
using GMem.Training;

namespace GMem;

/// <summary>Times a few real steps of the network that options describe, on made-up data: nothing is read and nothing encoded.</summary>
internal sealed class StepMeasurement : IProgress<TrainingProgress>, IDisposable
{
    private const int LeastSteps = 3;
    private const int MostSteps = 10;
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop;
    private long _first;
    private long _last;
    private long _steps;

    private StepMeasurement(CancellationToken cancellationToken)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _stop.CancelAfter(Patience);
    }

    /// <returns>The time of a step; null where it cannot be measured.</returns>
    public static TimeSpan? Run(GMemOptions options, ImageShape images, torch.Device device, CancellationToken cancellationToken)
    {
        options.Training.Augmentation = null;
        NetworkPlan plan = new(options, images.Channels);
        if (!plan.Network.Conditions.All(c => c.UsesSnippets || c is LabelCondition or ValuesCondition or AugmentationCondition))
        {
            return null;
        }

        (options.WorkspacePath, options.EncodingProgress) = (null, null);
        TrainingOptions training = options.Training;
        (training.TotalSteps, training.LogEveryNStep, training.CheckpointEvery) = (MostSteps, 1, TrainingInterval.Never);
        (training.ValidationFraction, training.EarlyStoppingPatience, training.HorizontalFlip, training.Source) = (0, 0, false, null);
        training.Quality = null;
        training.OnCancellation = CancellationBehavior.Throw;
        training.FitBatch(TrainingOptions.DefaultBatchSize);
        using StepMeasurement measurement = new(cancellationToken);
        try
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using PreparedTraining data = MakeUp(options, plan, images, device);
            new ModelFitting(data, options, device, measurement, measurement._stop.Token).Run().Dispose();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It has seen enough, or the first steps took too long.
        }

        return measurement._steps < 2 ? null : Stopwatch.GetElapsedTime(measurement._first, measurement._last) / (measurement._steps - 1);
    }

    /// <summary>The first step, in which threads and caches warm up, does not count.</summary>
    public void Report(TrainingProgress value)
    {
        _last = Stopwatch.GetTimestamp();
        _first = _steps++ == 0 ? _last : _first;
        if (_steps >= LeastSteps && Stopwatch.GetElapsedTime(_first) >= Enough)
        {
            _stop.Cancel();
        }
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>One batch of noise in the shape of the data. Tensors are the caller's scope's.</summary>
    private static PreparedTraining MakeUp(GMemOptions options, NetworkPlan plan, ImageShape images, torch.Device device)
    {
        using torch.Generator generator = RandomStream.Create(options.Training.Seed, RandomPurpose.Evaluation);
        int count = options.Training.ImagesPerStep;
        SiTOptions network = plan.NetworkFor(images);
        RowPair Rows(params long[] shape) => new(new TensorRows(torch.randn([count, .. shape], generator: generator)), null);

        int dimension = plan.Encoder?.Dimension ?? (options.EncoderTrainer as PcaEncoderTrainer)?.Dimension ?? PcaEncoder.DefaultDimension;
        MemoryBank? bank = plan.UsesSnippets ? MemoryBank.FromRows(torch.randn(count, dimension, generator: generator)) : null;
        string[] classes = options.InitialModel is { ClassNames: { Count: > 0 } known } ? [.. known] : ["0"];
        ConditionData conditionData = ConditionSource.Of(
            bank, null, [.. Enumerable.Repeat(classes[0], count)], classes,
            network.Conditions.OfType<ValuesCondition>().ToDictionary(
                _ => ValuesCondition.Name, c => torch.randn(count, c.Size, generator: generator)));
        List<IDisposable> owned = [];
        plan.Hold(owned);
        return new PreparedTraining(owned)
        {
            Set = new TrainingSet(new LatentData(Rows(network.InputShape), null, null, options.Training.Seed), device)
            {
                ConditionData = conditionData,
                Conditions = plan.Conditions(conditionData),
                Tokens = plan.UsesTokens ? Rows(network.TokenCount, network.ProjectionSize) : null,
            },
            Bank = bank,
            Autoencoder = plan.Normalised(plan.Statistics, owned),
            ImageShape = images,
        };
    }
}
