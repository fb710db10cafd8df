using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Images;
using GMem.Memory;
using GMem.Runtime;
using GMem.Training;
using GMem.Training.Checkpoints;
using TorchSharp;

namespace GMem.Model;

/// <summary>The way from images to a model: check, encode, build the bank, train.</summary>
internal sealed class ModelFitting
{
    /// <summary>Images encoded at once; bounds the memory that encoding takes.</summary>
    private const int EncoderBatch = 1024;

    private readonly TrainingImages _images;
    private readonly GMemOptions _options;
    private readonly torch.Device _device;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly CancellationToken _cancellationToken;
    private readonly ImageAutoencoder _autoencoder = new PixelAutoencoder();

    public ModelFitting(TrainingImages images, GMemOptions options, torch.Device device, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        options.Validate();
        _images = images;
        _options = options.Clone();
        _device = device;
        _progress = progress;
        _cancellationToken = cancellationToken;
        CheckImages();
    }

    public GMemModel Run()
    {
        SnippetEncoder? encoder = _images.Snippets is null ? PcaEncoder.Fit(_images.Pixels, _options.SnippetDimension) : null;
        try
        {
            MemoryBank bank = BuildBank(encoder);
            (SiT trained, TrainingOutcome outcome) = Train(bank, encoder);
            ModelCore core = new(trained, _options.Training.CreateTransport(), encoder, _autoencoder, ImageSize, _device) { Outcome = outcome };
            return new GMemModel(core, bank, _options.Sampling);
        }
        catch
        {
            encoder?.Dispose();
            throw;
        }
    }

    private int ImageSize => (int)_images.Pixels.shape[3];

    private (SiT Network, TrainingOutcome Outcome) Train(MemoryBank bank, SnippetEncoder? encoder)
    {
        SiTOptions network = NetworkOptions(bank.Dimension);
        MemoryBank? mirrored = _options.Training.HorizontalFlip ? BuildMirroredBank(encoder!) : null;
        TrainingSet set = new(_images.Pixels, bank, mirrored, _autoencoder, _device);
        MemoryBudget.Check(network, _options.Training, _device);
        using torch.Generator generator = RandomStream.Create(_options.Training.Seed, RandomPurpose.Weights);
        SiT sit = new(network, generator, _device);
        try
        {
            using TrainingWorkspace? workspace = OpenWorkspace(sit, bank, encoder);
            using TrainingLoop loop = new(sit, set, _options.Training, _device, workspace);
            TrainingOutcome outcome = loop.Run(_progress, _cancellationToken);
            loop.UseAverage();
            sit.eval();
            return (sit, outcome);
        }
        catch
        {
            sit.Dispose();
            throw;
        }
    }

    private TrainingWorkspace? OpenWorkspace(SiT network, MemoryBank bank, SnippetEncoder? encoder)
    {
        if (_options.WorkspacePath is not { } path)
        {
            return null;
        }

        // Borrows the network, so it is not disposed.
        ModelCore core = new(network, _options.Training.CreateTransport(), encoder, _autoencoder, ImageSize, _device);
        return new TrainingWorkspace(path, RunDescription.Of(_options, _images), _options.Training, new GMemModel(core, bank, _options.Sampling));
    }

    /// <summary>What the data decide is set here; the rest is the user's.</summary>
    private SiTOptions NetworkOptions(int snippetSize)
    {
        SiTOptions network = _options.Network;
        network.InputSize = ImageSize / _autoencoder.DownsamplingFactor;
        network.InputChannels = _autoencoder.Channels;
        network.Condition = ConditionKind.Snippet;
        network.SnippetSize = snippetSize;
        network.SnippetScale = _options.SnippetScale ?? Math.Sqrt(snippetSize);
        network.Validate();
        return network;
    }

    private MemoryBank BuildBank(SnippetEncoder? encoder)
    {
        if (encoder is null)
        {
            return MemoryBank.FromRows(_images.Snippets!, _images.Labels, _images.Sources);
        }

        using torch.Tensor snippets = Encode(encoder, _images.Pixels, mirror: false);
        return MemoryBank.FromRows(snippets, _images.Labels, _images.Sources);
    }

    private MemoryBank BuildMirroredBank(SnippetEncoder encoder)
    {
        using torch.Tensor snippets = Encode(encoder, _images.Pixels, mirror: true);
        return MemoryBank.FromRows(snippets);
    }

    private torch.Tensor Encode(SnippetEncoder encoder, torch.Tensor pixels, bool mirror)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long count = pixels.shape[0];
        torch.Tensor snippets = torch.empty(count, encoder.Dimension);
        for (long begin = 0; begin < count; begin += EncoderBatch)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope batch = torch.NewDisposeScope();
            long length = Math.Min(EncoderBatch, count - begin);
            torch.Tensor images = pixels.narrow(0, begin, length);
            snippets.narrow(0, begin, length).copy_(encoder.Encode(mirror ? images.flip(3) : images));
        }

        return snippets.MoveToOuterDisposeScope();
    }

    private void CheckImages()
    {
        long[] shape = _images.Pixels.shape;
        if (_images.Pixels.dtype != torch.uint8 || shape.Length != 4 || shape[1] != 3 || shape[2] != shape[3])
        {
            throw new ArgumentException($"Images must be uint8 [N, 3, S, S]; these are {_images.Pixels.dtype} [{string.Join(", ", shape)}].");
        }

        int patch = _options.Network.PatchSize * _autoencoder.DownsamplingFactor;
        if (patch > 0 && shape[3] % patch != 0)
        {
            throw new ArgumentException($"The image size {shape[3]} is not divisible by the patch of {patch} pixels; choose an image size that is a multiple of it, or another PatchSize (1, 2, 4 or 8).");
        }

        long training = shape[0] - (long)Math.Round(shape[0] * _options.Training.ValidationFraction);
        if (training < _options.Training.BatchSize)
        {
            throw new ArgumentException($"There are {training} images{(training < shape[0] ? " to train on" : "")}, fewer than one batch of {_options.Training.BatchSize}; bring more images or lower BatchSize.");
        }

        if (_images.Snippets is { } snippets && (snippets.shape.Length != 2 || snippets.shape[0] != shape[0]))
        {
            throw new ArgumentException($"Snippets must be [N, m] with one row an image; these are [{string.Join(", ", snippets.shape)}] for {shape[0]} images.");
        }

        if (_images.Snippets is not null && _options.Training.HorizontalFlip)
        {
            throw new ArgumentException("HorizontalFlip needs the snippets of the mirrored images, which an encoder makes; with snippets of your own set HorizontalFlip = false.");
        }
    }
}
