using GMem.Backbone;
using GMem.Distributed;

namespace GMem.Training;

/// <summary>Compares the memory that a run will take with what is free, before the run begins.</summary>
internal static class MemoryBudget
{
    private const double Gigabyte = 1e9;

    /// <param name="network">The network, completed from the data.</param>
    /// <param name="training">The run.</param>
    /// <param name="device">Where the network is.</param>
    /// <param name="free">Bytes; null asks the machine, and what it cannot tell is not checked.</param>
    /// <param name="ranks">Who trains together; null for this process alone. Those of one host share its memory.</param>
    /// <returns>What it will take.</returns>
    /// <exception cref="InsufficientMemoryException">It cannot fit; the message says which options would make it fit.</exception>
    public static TrainingEstimate Check(SiTOptions network, TrainingOptions training, torch.Device device, long? free = null,
        RankGroup? ranks = null)
    {
        bool isCpu = device.type == DeviceType.CPU;
        ranks ??= RankGroup.Alone;
        (long All, long Trained) counts = MemoryEstimate.Count(network, training);
        MemoryEstimate estimate = MemoryEstimate.Of(network, training, device, counts, ranks.Size);
        long? share = (free ?? FreeMemory.On(device)) / (isCpu ? ranks.LocalSize : 1);
        if (share is not { } available || estimate.On(isCpu) <= available)
        {
            return new TrainingEstimate(estimate.On(isCpu), estimate.Network);
        }

        string copy = isCpu ? $", a copy of the state {Gigabytes(estimate.Copy)}" : "";
        throw new InsufficientMemoryException(
            $"Training would take about {Gigabytes(estimate.On(isCpu))} on {device} (weights, gradients, moments and averages "
            + $"{Gigabytes(estimate.Weights)}, activations of {training.ImagesAtOnce} images {Gigabytes(estimate.Activations)}{copy}), "
            + $"and {Gigabytes(available)} are free{(ranks.Size > 1 ? " for each process" : "")}. "
            + Cure(network, training, device, counts, available, ranks.Size));
    }

    private static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / Gigabyte:0.0} GB");

    /// <summary>
    /// The least change that fits: fewer images at once, then activation checkpointing, then both, and bfloat16 on a GPU.
    /// </summary>
    private static string Cure(
        SiTOptions network, TrainingOptions training, torch.Device device, (long All, long Trained) counts, long available, int ranks)
    {
        bool keepsPrecision = device.type == DeviceType.CPU || training.Precision == Precision.BFloat16Mixed;
        foreach (bool mixed in keepsPrecision ? [false] : new[] { false, true })
        {
            foreach (bool checkpointing in network.ActivationCheckpointing ? [true] : new[] { false, true })
            {
                for (int micro = training.ImagesAtOnce; micro >= 1; micro /= 2)
                {
                    SiTOptions otherNetwork = network with { ActivationCheckpointing = checkpointing };
                    TrainingOptions otherTraining = training.Clone();
                    otherTraining.MicroBatchSize = micro;
                    otherTraining.Precision = mixed ? Precision.BFloat16Mixed : training.Precision;
                    long bytes = MemoryEstimate.Of(otherNetwork, otherTraining, device, counts, ranks)
                        .On(device.type == DeviceType.CPU);
                    if (bytes <= available)
                    {
                        string[] changes =
                        [
                            .. micro < training.ImagesAtOnce ? [$"Training.MicroBatchSize = {micro}"] : Array.Empty<string>(),
                            .. checkpointing && !network.ActivationCheckpointing
                                ? ["Network.ActivationCheckpointing = true"]
                                : Array.Empty<string>(),
                            .. mixed ? ["Training.Precision = Precision.BFloat16Mixed"] : Array.Empty<string>(),
                        ];
                        return $"It would fit, in about {Gigabytes(bytes)}, with {string.Join(" and ", changes)}.";
                    }
                }
            }
        }

        return "The weights and their moments alone do not fit: choose a smaller network (Network.HiddenSize, Network.Depth), or a device "
            + "with more memory.";
    }
}
