using GMem.FileFormats;
using GMem.Parts;

namespace GMem;

/// <summary>A model as named streams: a description in JSON, and safetensors files which other tools can read.</summary>
internal static class ModelSerializer
{
    public const string DescriptionEntry = "model.json";
    internal const string NetworkEntry = "network.safetensors";
    internal const string MemoryEntry = "memory.safetensors";
    internal const string EncoderEntry = "encoder.safetensors";
    internal const string AutoencoderEntry = "autoencoder.safetensors";
    internal const string SourceEntry = "source.safetensors";
    internal const string AdapterEntry = "adapter.safetensors";

    public static void Save(GMemModel model, IModelArchive archive)
    {
        ModelCore core = model.Core;
        ModelDescription description = new()
        {
            WrittenBy = typeof(GMemModel).Assembly.GetName().Version?.ToString(3) ?? "",
            Images = core.ImageShape,
            Network = core.Network.Options,
            Path = core.Transport.Path.Kind,
            Prediction = core.Transport.Prediction,
            LossWeighting = core.Transport.Weighting,
            Sampling = model.Sampling,
            Autoencoder = PartDescription.Of(core.Autoencoder),
            LatentStatistics = core.Autoencoder.Statistics,
            Encoder = core.Encoder is { } encoder ? PartDescription.Of(encoder) : null,
            Source = core.Source is { } source ? PartDescription.Of(source) : null,
            AdapterStrength = core.Adapter?.Strength,
            TrainedSteps = core.Outcome.TrainedSteps,
            IsPartial = core.Outcome.IsPartial,
        };
        archive.Write(DescriptionEntry, stream => ModelDescription.Write(stream, description));
        archive.Write(NetworkEntry, stream => SafetensorsWriter.Write(stream, core.Plain.Network.StateDictTensors()));
        if (core.Adapter is { } adapted)
        {
            archive.Write(AdapterEntry, adapted.Adapter.Save);
        }

        if (model.HasMemory)
        {
            archive.Write(MemoryEntry, model.Memory.Save);
        }

        SaveTensors(core.Encoder, EncoderEntry, archive);
        SaveTensors(core.Autoencoder, AutoencoderEntry, archive);
        SaveTensors(core.Source, SourceEntry, archive);
    }

    /// <exception cref="InvalidDataException">Whatever is wrong with what the archive holds.</exception>
    public static GMemModel Load(IModelArchive archive, torch.Device device)
    {
        try
        {
            return new ModelReader(archive, device).Read();
        }
        catch (Exception e) when (e is not (InvalidDataException or GMemRuntimeException or OutOfMemoryException))
        {
            // Of a library's own text only what speaks of arguments and files means anything to a user.
            string what = e is ArgumentException or IOException ? e.Message : $"its parts do not fit together ({e.GetType().Name}).";
            throw new InvalidDataException($"The model is damaged: {what}", e);
        }
    }

    /// <summary>A part without tensors has no entry.</summary>
    private static void SaveTensors(ModelPart? part, string entry, IModelArchive archive)
    {
        if (part?.SaveTensors() is { Count: > 0 } tensors)
        {
            archive.Write(entry, stream => SafetensorsWriter.Write(stream, tensors));
        }
    }
}
