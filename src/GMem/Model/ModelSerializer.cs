using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Memory;
using GMem.Training;
using GMem.Transport;
using GMem.Weights;
using TorchSharp;

namespace GMem.Model;

/// <summary>A model as named streams: a description in JSON, and safetensors files which other tools can read.</summary>
internal static class ModelSerializer
{
    private const string DescriptionEntry = "model.json";
    private const string NetworkEntry = "network.safetensors";
    private const string MemoryEntry = "memory.safetensors";
    private const string EncoderEntry = "encoder.safetensors";
    private const string AutoencoderEntry = "autoencoder.safetensors";

    public static void Save(GMemModel model, IModelArchive archive)
    {
        ModelCore core = model.Core;
        bool pixels = core.Autoencoder.Kind == PixelAutoencoder.KindName;
        ModelDescription description = new()
        {
            WrittenBy = typeof(GMemModel).Assembly.GetName().Version?.ToString(3) ?? "",
            ImageSize = core.ImageSize,
            Network = core.Network.Options,
            Path = core.Transport.Path.Kind,
            Prediction = core.Transport.Prediction,
            LossWeighting = core.Transport.Weighting,
            Sampling = model.Sampling,
            Autoencoder = core.Autoencoder.Kind,
            TrainedSteps = core.Outcome.TrainedSteps,
            IsPartial = core.Outcome.IsPartial,
            AutoencoderConfiguration = pixels ? null : core.Autoencoder.SaveConfiguration(),
            Encoder = core.Encoder?.Kind,
            EncoderConfiguration = core.Encoder?.SaveConfiguration(),
        };
        archive.Write(DescriptionEntry, stream => ModelDescription.Write(stream, description));
        archive.Write(NetworkEntry, stream => SafetensorsWriter.Write(stream, core.Network.StateDictTensors()));
        if (model.HasMemory)
        {
            archive.Write(MemoryEntry, model.Memory.Save);
        }

        if (core.Encoder is { } encoder)
        {
            archive.Write(EncoderEntry, stream => SafetensorsWriter.Write(stream, encoder.SaveTensors()));
        }

        if (!pixels)
        {
            archive.Write(AutoencoderEntry, stream => SafetensorsWriter.Write(stream, core.Autoencoder.SaveTensors()));
        }
    }

    public static GMemModel Load(IModelArchive archive, torch.Device device)
    {
        ModelDescription description = Read(archive, DescriptionEntry, ModelDescription.Read);
        SavedModelChecks.Require(description);
        MemoryBank? memory = LoadMemory(archive, description);
        SiT network = LoadNetwork(archive, description.Network, device);
        try
        {
            using SnippetEncoder? encoder = LoadEncoder(archive, description, device);
            using ImageAutoencoder autoencoder = LoadAutoencoder(archive, description, device);
            SavedModelChecks.Require(description, autoencoder, memory);
            FlowTransport transport = new(InterpolantPath.Of(description.Path), description.Prediction, description.LossWeighting);
            ModelCore core = new(network, transport, encoder, autoencoder, description.ImageSize, device)
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
            description.Network.Conditions = [EarlierModelFormat.WithClassNames(labels, bank)];
        }

        return uses ? bank : null;
    }

    private static SnippetEncoder? LoadEncoder(IModelArchive archive, ModelDescription description, torch.Device device)
    {
        if (description.Encoder is not { } kind)
        {
            return null;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = Read(archive, EncoderEntry, stream => SafetensorsFile.ReadAll(stream, EncoderEntry));
        return SnippetEncoder.Load(kind, description.EncoderConfiguration ?? "{}", tensors, device);
    }

    private static ImageAutoencoder LoadAutoencoder(IModelArchive archive, ModelDescription description, torch.Device device)
    {
        if (description.Autoencoder == PixelAutoencoder.KindName)
        {
            return new PixelAutoencoder();
        }

        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = Read(archive, AutoencoderEntry, stream => SafetensorsFile.ReadAll(stream, AutoencoderEntry));
        return ImageAutoencoder.Load(description.Autoencoder, description.AutoencoderConfiguration ?? "{}", tensors, device);
    }

    private static T Read<T>(IModelArchive archive, string entry, Func<Stream, T> read)
    {
        T? result = default;
        bool found = archive.TryRead(entry, stream => result = read(stream));
        return found ? result! : throw new InvalidDataException($"The model has no entry '{entry}'; it is damaged, or not a GMem model.");
    }
}
