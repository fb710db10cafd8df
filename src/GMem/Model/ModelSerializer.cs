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
            Autoencoder = core.Autoencoder.Kind,
            TrainedSteps = core.Outcome.TrainedSteps,
            IsPartial = core.Outcome.IsPartial,
            Encoder = core.Encoder?.Kind,
            EncoderConfiguration = core.Encoder?.SaveConfiguration(),
        };
        archive.Write(DescriptionEntry, stream => ModelDescription.Write(stream, description));
        archive.Write(NetworkEntry, stream => SafetensorsWriter.Write(stream, core.Network.StateDictTensors()));
        archive.Write(MemoryEntry, model.Memory.Save);
        if (core.Encoder is { } encoder)
        {
            archive.Write(EncoderEntry, stream => SafetensorsWriter.Write(stream, encoder.SaveTensors()));
        }
    }

    public static GMemModel Load(IModelArchive archive, torch.Device device)
    {
        ModelDescription description = Read(archive, DescriptionEntry, ModelDescription.Read);
        SiT network = LoadNetwork(archive, description.Network, device);
        SnippetEncoder? encoder = null;
        try
        {
            encoder = LoadEncoder(archive, description);
            MemoryBank memory = Read(archive, MemoryEntry, stream => MemoryBank.Load(stream, MemoryEntry));
            FlowTransport transport = new(InterpolantPath.Of(description.Path), description.Prediction, description.LossWeighting);
            ModelCore core = new(network, transport, encoder, LoadAutoencoder(description), description.ImageSize, device)
            {
                Outcome = new TrainingOutcome(description.TrainedSteps, description.IsPartial),
            };
            return new GMemModel(core, memory, description.Sampling);
        }
        catch
        {
            network.Dispose();
            encoder?.Dispose();
            throw;
        }
    }

    private static SiT LoadNetwork(IModelArchive archive, SiTOptions options, torch.Device device)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = Read(archive, NetworkEntry, stream => SafetensorsFile.ReadAll(stream, NetworkEntry));
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

    private static SnippetEncoder? LoadEncoder(IModelArchive archive, ModelDescription description)
    {
        if (description.Encoder is not { } kind)
        {
            return null;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = Read(archive, EncoderEntry, stream => SafetensorsFile.ReadAll(stream, EncoderEntry));
        return SnippetEncoder.Load(kind, description.EncoderConfiguration ?? "{}", tensors);
    }

    private static ImageAutoencoder LoadAutoencoder(ModelDescription description) => description.Autoencoder switch
    {
        "pixels" => new PixelAutoencoder(),
        string other => throw new InvalidDataException($"The model uses the autoencoder '{other}', which this GMem does not know; update the GMem packages to load it."),
    };

    private static T Read<T>(IModelArchive archive, string entry, Func<Stream, T> read)
    {
        T? result = default;
        bool found = archive.TryRead(entry, stream => result = read(stream));
        return found ? result! : throw new InvalidDataException($"The model has no entry '{entry}'; it is damaged, or not a GMem model.");
    }
}
