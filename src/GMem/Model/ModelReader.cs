using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Memory;
using GMem.Parts;
using GMem.Training;
using GMem.Transport;

namespace GMem;

/// <summary>
/// Reads the streams that <see cref="ModelSerializer"/> writes, in this order: the description, then what each header says against it, then
/// values. Nothing that the description does not ask for is read.
/// </summary>
/// <param name="archive">Where from.</param>
/// <param name="device">Where the network is put.</param>
internal sealed class ModelReader(IModelArchive archive, torch.Device device)
{
    private bool _hasHashes = true;

    public GMemModel Read()
    {
        ModelDescription description = Read(ModelSerializer.DescriptionEntry, ModelDescription.Read);
        SavedModelChecks.Require(description);
        MemoryBank? memory = ReadMemory(description);
        SiT network = ReadNetwork(description.Network);
        try
        {
            using SnippetEncoder? encoder = TryReadPart<SnippetEncoder>(description.Encoder, ModelSerializer.EncoderEntry);
            using RidgeSource? source = TryReadPart<RidgeSource>(
                description.Source, ModelSerializer.SourceEntry, entries => SavedModelChecks.RequireSource(description.Network, entries));
            using ImageAutoencoder autoencoder = ReadPart<ImageAutoencoder>(description.Autoencoder, ModelSerializer.AutoencoderEntry);
            SavedModelChecks.SetStatistics(autoencoder, description.LatentStatistics);
            SavedModelChecks.Require(description, autoencoder, memory, encoder, source);
            FlowTransport transport = new(InterpolantPath.Of(description.Path), description.Prediction, description.LossWeighting);
            ModelCore core = new(network, transport, encoder, autoencoder, source, description.Images, device)
            {
                Outcome = new TrainingOutcome(description.TrainedSteps, description.IsPartial),
                Integrity = _hasHashes ? FileIntegrity.Checked : FileIntegrity.NoHashes,
            };
            GMemModel plain = new(core, memory, description.Sampling);
            return description.AdapterStrength is { } strength ? WithAdapter(plain, strength) : plain;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The network was saved as it was before the adapter, which lies beside it.</summary>
    private GMemModel WithAdapter(GMemModel plain, double strength)
    {
        using (plain)
        {
            const string entry = ModelSerializer.AdapterEntry;
            LowRankAdapter adapter = Read(entry, stream => LowRankAdapter.Read(stream, entry));
            return plain.WithAdapter(adapter, strength);
        }
    }

    private SiT ReadNetwork(SiTOptions options)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return ReadTensors(ModelSerializer.NetworkEntry, tensors =>
        {
            SavedModelChecks.Require(options, TensorShape.Of(tensors), tensors.Name);
            SiT network = new(options, device: device);
            try
            {
                StateDict.Load(network, tensors, tensors.Name);
                network.eval();
                return network;
            }
            catch
            {
                network.Dispose();
                throw;
            }
        }) ?? throw Missing(ModelSerializer.NetworkEntry);
    }

    private MemoryBank? ReadMemory(ModelDescription description)
    {
        bool uses = description.Network.Conditions.Any(c => c.UsesSnippets);
        if (!uses && description.Version >= ModelDescription.FirstWithConditions)
        {
            return null;
        }

        // Earlier versions had a bank for every network: of labels, one entry a class, whose row says its number and whose label its name.
        LabelCondition? labels = description.Version >= ModelDescription.FirstWithConditions ? null
            : description.Network.Find<LabelCondition>();
        int? dimension = labels?.ClassCount ?? description.Network.Find<SnippetCondition>()?.Size;
        MemoryBank bank = Read(
            ModelSerializer.MemoryEntry, stream => MemoryBank.Load(stream, ModelSerializer.MemoryEntry, cacheFolder: null, dimension));
        _hasHashes &= bank.Integrity == FileIntegrity.Checked;
        if (labels is not null)
        {
            description.Network = description.Network with { Conditions = [EarlierModelFormat.WithClassNames(labels, bank)] };
        }

        return uses ? bank : null;
    }

    private T? TryReadPart<T>(PartDescription? saved, string entry, Action<StoredTensors>? check = null)
        where T : SharedModelPart => saved is null ? null : ReadPart<T>(saved, entry, check);

    private T ReadPart<T>(PartDescription saved, string entry, Action<StoredTensors>? check = null)
        where T : SharedModelPart
    {
        using DisposeScope scope = torch.NewDisposeScope();
        T? part = ReadTensors(entry, tensors =>
        {
            check?.Invoke(tensors);
            return saved.Load<T>(tensors, device);
        });
        try
        {
            return part ?? saved.Load<T>(new Dictionary<string, torch.Tensor>(), device);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{e.Message} (The model has no entry '{entry}'.)", e);
        }
    }

    /// <summary>What is made of the tensors of an entry, all of which must be asked for; null where there is no such entry.</summary>
    private T? ReadTensors<T>(string entry, Func<StoredTensors, T> read)
        where T : class, IDisposable
    {
        T? result = null;
        try
        {
            _ = archive.TryRead(entry, stream =>
            {
                StoredTensors tensors = new(stream, entry, again => archive.TryRead(entry, again));
                result = read(tensors);
                tensors.RequireAllRead();
                _hasHashes &= tensors.HasHashes;
            });
            return result;
        }
        catch
        {
            result?.Dispose();
            throw;
        }
    }

    private T Read<T>(string entry, Func<Stream, T> read)
        where T : class
    {
        T? result = null;
        _ = archive.TryRead(entry, stream => result = read(stream));
        return result ?? throw Missing(entry);
    }

    private static InvalidDataException Missing(string entry) =>
        new($"The model has no entry '{entry}'; it is damaged, or not a GMem model.");
}
