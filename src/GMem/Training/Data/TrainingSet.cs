using GMem.Backbone;
using GMem.FileFormats;
using GMem.Latents;

namespace GMem.Training;

/// <summary>
/// All that a training run draws its batches from. Owns nothing but borrows all. One decision for a sample mirrors its data, its snippet
/// and its tokens.
/// </summary>
/// <param name="data">Pixels or latents.</param>
/// <param name="device">Where batches are put.</param>
internal sealed class TrainingSet(ITrainingData data, torch.Device device)
{
    public long Count => data.Count;

    public bool CanMirror => data.CanMirror;

    /// <summary>Shape of one row of the data before anything is drawn.</summary>
    public IReadOnlyList<long> RowShape => data.Source.RowShape;

    /// <summary>What the data are made from, for telling whether they are the same.</summary>
    public RowSource Source => data.Source;

    /// <summary>The network's conditions, completed from the data.</summary>
    public IReadOnlyList<Condition> Conditions { get; init; } = [];

    /// <summary>What the conditions take their values from.</summary>
    public ConditionData ConditionData { get; init; } = new();

    /// <summary>Targets of the projection loss; null where it is not used.</summary>
    public RowPair? Tokens { get; init; }

    /// <param name="indices">Image indices.</param>
    /// <param name="mirrored">For each, whether the image and with it all that belongs to it is mirrored.</param>
    /// <param name="step">The training step, which decides what is drawn from the distributions of latents.</param>
    /// <param name="augmentation">Numbers of <see cref="AugmentationDraw"/>; null leaves the pictures as they are.</param>
    public TrainingBatch Batch(long[] indices, bool[] mirrored, long step = 0, torch.Tensor? augmentation = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor batch = data.Batch(indices, mirrored, step, device, augmentation);
        torch.Tensor[] conditions = [.. Conditions.Select(
            c => (c is AugmentationCondition && augmentation is not null
                ? augmentation.clone()
                : c.TrainingValues(ConditionData, indices, mirrored)).ToDevice(device).MoveToOuterDisposeScope())];
        torch.Tensor? tokens = Tokens?.Rows(indices, mirrored).to(torch.float32).ToDevice(device);
        return new TrainingBatch(batch.MoveToOuterDisposeScope(), conditions, tokens?.MoveToOuterDisposeScope());
    }
}
