using GMem.Distributed;
using GMem.Latents;
using GMem.Memory;
using GMem.Training;

namespace GMem;

/// <content>Training on images that were encoded before.</content>
public sealed partial class GMemModel
{
    /// <summary>
    /// Trains a model on images that were encoded before; needed besides are the bank of their snippets and, to decode, the autoencoder.
    /// </summary>
    /// <param name="latents">The encoded images. Not disposed.</param>
    /// <param name="options">What to train and how, with <see cref="GMemOptions.Autoencoder"/> set. Copied.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="memory">
    /// The bank: entry i is the snippet of image i. Null takes the snippets beside the latents, or is for a network without snippets.
    /// </param>
    /// <param name="mirroredMemory">
    /// The same for the mirror images; needed with <see cref="TrainingOptions.HorizontalFlip"/> where they do not lie beside the latents.
    /// Default null.
    /// </param>
    /// <param name="progress">Told every <see cref="TrainingOptions.LogEveryNStep"/> steps, on the training thread.</param>
    /// <param name="cancellationToken">Stops the run at the next step.</param>
    /// <returns>The trained model, on <paramref name="device"/>.</returns>
    /// <exception cref="ArgumentException">The options, the latents or the banks do not fit; the message says which and why.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public static GMemModel Fit(
        LatentDataSet latents,
        GMemOptions options,
        torch.Device device,
        MemoryBank? memory = null,
        MemoryBank? mirroredMemory = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        GMemRuntime.EnsureLoaded();
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        options.Validate();
        GMemOptions copy = options.Clone();
        using UseScope latentsUse = latents.Use();
        using UseScope initialUse = copy.InitialModel is { } initial ? initial.Use() : default;
        RankGroup ranks = ModelFitting.Agree(copy, device);
        using PreparedTraining data = RankAgreement.Prepare(
            ranks, () => new LatentPreparation(latents, memory, mirroredMemory, copy, device, cancellationToken).Run());
        return new ModelFitting(data, copy, device, ranks.Rank == 0 ? progress : null, cancellationToken).Run();
    }
}
