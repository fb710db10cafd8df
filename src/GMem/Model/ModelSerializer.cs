using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Memory;
using GMem.Parts;
using GMem.Training;
using GMem.Transport;

namespace GMem;

/// <summary>A model as named streams: a description in JSON, and safetensors files which other tools can read.</summary>
internal static class ModelSerializer
{
    public const string DescriptionEntry = "model.json";
    private const string NetworkEntry = "network.safetensors";
    private const string MemoryEntry = "memory.safetensors";
    private const string EncoderEntry = "encoder.safetensors";
    private const string AutoencoderEntry = "autoencoder.safetensors";
    private const string SourceEntry = "source.safetensors";

    public static void Save(GMemModel model, IModelArchive archive)
    {
        ModelCore core = model.Core;
        ModelDescription description = new()
        {
            WrittenBy = typeof(GMemModel).Assembly.GetName().Version?.ToString(3) ?? "",
            ImageSize = core.ImageSize,
            Network = core.Network.Options,
            Path = core.Transport.Path.Kind,
            Prediction = core.Transport.Prediction,
            LossWeighting = core.Transport.Weighting,
            Sampling = model.Sampling,
            Autoencoder = PartDescription.Of(core.Autoencoder),
            LatentStatistics = core.Autoencoder.Statistics,
            Encoder = core.Encoder is { } encoder ? PartDescription.Of(encoder) : null,
            Source = core.Source is { } source ? PartDescription.Of(source) : null,
            TrainedSteps = core.Outcome.TrainedSteps,
            IsPartial = core.Outcome.IsPartial,
        };
        archive.Write(DescriptionEntry, stream => ModelDescription.Write(stream, description));
        archive.Write(NetworkEntry, stream => SafetensorsWriter.Write(stream, core.Network.StateDictTensors()));
        if (model.HasMemory)
        {
            archive.Write(MemoryEntry, model.Memory.Save);
        }

        SaveTensors(core.Encoder, EncoderEntry, archive);
        SaveTensors(core.Autoencoder, AutoencoderEntry, archive);
        SaveTensors(core.Source, SourceEntry, archive);
    }

    public static GMemModel Load(IModelArchive archive, torch.Device device)
    {
        ModelDescription description = Read(archive, DescriptionEntry, ModelDescription.Read);
        SavedModelChecks.Require(description);
        MemoryBank? memory = LoadMemory(archive, description);
        SiT network = LoadNetwork(archive, description.Network, device);
        try
        {
            using SnippetEncoder? encoder = TryLoadPart<SnippetEncoder>(description.Encoder, archive, EncoderEntry, device);
            using RidgeSource? source = TryLoadPart<RidgeSource>(description.Source, archive, SourceEntry, device);
            using ImageAutoencoder autoencoder = LoadPart<ImageAutoencoder>(description.Autoencoder, archive, AutoencoderEntry, device);
            SavedModelChecks.SetStatistics(autoencoder, description.LatentStatistics);
            SavedModelChecks.Require(description, autoencoder, memory, source);
            FlowTransport transport = new(InterpolantPath.Of(description.Path), description.Prediction, description.LossWeighting);
            ModelCore core = new(network, transport, encoder, autoencoder, source, description.ImageSize, device)
            {
                Outcome = new TrainingOutcome(description.TrainedSteps, description.IsPartial),
            };
            return new GMemModel(core, memory, description.Sampling);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static SiT LoadNetwork(IModelArchive archive, SiTOptions options, torch.Device device)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = Read(archive, NetworkEntry, stream => SafetensorsFile.ReadAll(stream, NetworkEntry));
        SavedModelChecks.Require(options, tensors, NetworkEntry);
        SiT network = new(options, device: device);
        try
        {
            StateDict.Load(network, tensors, NetworkEntry);
        }
        catch
        {
            network.Dispose();
            throw;
        }

        network.eval();
        return network;
    }

    private static MemoryBank? LoadMemory(IModelArchive archive, ModelDescription description)
    {
        bool uses = description.Network.Conditions.Any(c => c.UsesSnippets);
        if (description.Version >= ModelDescription.FirstWithConditions)
        {
            return uses ? Read(archive, MemoryEntry, stream => MemoryBank.Load(stream, MemoryEntry)) : null;
        }

        // Earlier versions had a bank for every network: of labels, one entry a class, whose row says its number and whose label its name.
        MemoryBank bank = Read(archive, MemoryEntry, stream => MemoryBank.Load(stream, MemoryEntry));
        if (description.Network.Find<LabelCondition>() is { } labels)
        {
            description.Network = description.Network with { Conditions = [EarlierModelFormat.WithClassNames(labels, bank)] };
        }

        return uses ? bank : null;
    }

    /// <summary>A part without tensors has no entry.</summary>
    private static void SaveTensors(ModelPart? part, string entry, IModelArchive archive)
    {
        if (part?.SaveTensors() is { Count: > 0 } tensors)
        {
            archive.Write(entry, stream => SafetensorsWriter.Write(stream, tensors));
        }
    }

    private static T? TryLoadPart<T>(PartDescription? saved, IModelArchive archive, string entry, torch.Device device)
        where T : SharedModelPart => saved is null ? null : LoadPart<T>(saved, archive, entry, device);

    private static T LoadPart<T>(PartDescription saved, IModelArchive archive, string entry, torch.Device device)
        where T : SharedModelPart
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = [];
        bool found = archive.TryRead(entry, stream => tensors = SafetensorsFile.ReadAll(stream, entry));
        try
        {
            return saved.Load<T>(tensors, device);
        }
        catch (InvalidDataException e) when (!found)
        {
            throw new InvalidDataException($"{e.Message} (The model has no entry '{entry}'.)", e);
        }
    }

    private static T Read<T>(IModelArchive archive, string entry, Func<Stream, T> read)
    {
        T? result = default;
        bool found = archive.TryRead(entry, stream => result = read(stream));
        return found ? result! : throw new InvalidDataException($"The model has no entry '{entry}'; it is damaged, or not a GMem model.");
    }
}
