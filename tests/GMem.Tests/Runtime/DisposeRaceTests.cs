using System.Globalization;
using GMem.Autoencoders;
using GMem.Encoders;
using GMem.Encoders.DinoV2;
using GMem.Evaluation;
using GMem.Images;
using GMem.Latents;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Runtime;

/// <summary>What the library does with an object while another thread disposes of it: it finishes, or the object is gone.</summary>
public sealed class DisposeRaceTests : IDisposable
{
    private static readonly Lazy<byte[]> Saved = new(() =>
    {
        using GMemModel model = TinyModel.Train();
        using MemoryStream stream = new();
        model.Save(stream);
        return stream.ToArray();
    });

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> ModelOperations => [.. OnModels.Keys];

    public static TheoryData<string> PartOperations => [.. OnParts.Keys];

    public static TheoryData<string> EvaluationOperations => [.. OnFeatures.Keys];

    private static Dictionary<string, Func<GMemModel, string>> OnModels => new()
    {
        ["Generate"] = model => Text(model.Generate([new(1), new(2, PromptImage: Picture)])),
        ["GenerateAsync"] = model => Text([.. model.GenerateAsync([new(1), new(2)]).ToBlockingEnumerable()]),
        ["Encode"] = model => Text(model.Encode(Picture)),
        ["Save"] = model =>
        {
            using MemoryStream stream = new();
            model.Save(stream);
            using GMemModel again = GMemModel.Load(new MemoryStream(stream.ToArray()));
            return Text(again.Generate([new(1)]));
        },
        ["WithSampling"] = model =>
        {
            using GMemModel other = model.WithSampling(new() { Steps = 2 });
            return Text(other.Generate([new(1)]));
        },
        ["WithMemory"] = model =>
        {
            using GMemModel other = model.WithMemory(model.Memory.KeepRandom(8, seed: 1));
            return Text(other.Generate([new(1)]));
        },
        ["NearestCosines"] = model => string.Join(" ", model.NearestCosines([new(1, PromptImage: Picture)])),
        ["ParameterCount"] = model => $"{model.ParameterCount}",
        ["Autoencoder"] = model => Text(model.Autoencoder.Encode(Pixels(1))) + model.Encoder!.Fingerprint(),
    };

    private static Dictionary<string, (Func<IDisposable> Create, Func<IDisposable, string> Operation)> OnParts => new()
    {
        ["Pca.Encode"] = Case(Pca, encoder => Text(encoder.Encode(Pixels(64)))),
        ["Pca.Fingerprint"] = Case(Pca, encoder => encoder.Fingerprint() + encoder.Dimension),
        ["Dino.Encode"] = Case(Dino, encoder => Text(encoder.Encode(Pixels(1)))),
        ["Dino.EncodeWithPatches"] = Case(Dino, encoder => Text(encoder.EncodeWithPatches(Pixels(1)).Tokens)),
        ["Dino.Fingerprint"] = Case(Dino, encoder => encoder.Fingerprint()),
        ["Kl.Encode"] = Case(Kl, autoencoder => Text(autoencoder.Encode(Pixels(2, 16)))),
        ["Kl.EncodeRaw"] = Case(Kl, autoencoder => Text(autoencoder.EncodeRaw(Pixels(2, 16)).Mean)),
        ["Kl.Decode"] = Case(Kl, autoencoder => Text(autoencoder.Decode(Latents()))),
        ["Kl.DecodeRaw"] = Case(Kl, autoencoder => Text(autoencoder.DecodeRaw(Latents()))),
        ["Kl.Statistics"] = Case(Kl, autoencoder => string.Join(" ", autoencoder.ComputeStatistics([Pixels(2, 16)]).Mean)),
        ["Kl.WithStatistics"] = Case(Kl, autoencoder =>
        {
            using ImageAutoencoder other = autoencoder.WithStatistics(null);
            return Text(other.Decode(Latents()));
        }),
    };

    private static Dictionary<string, (Func<IDisposable> Create, Func<IDisposable, string> Operation)> OnFeatures => new()
    {
        ["Extract"] = Case(Convolutions, extractor => Text(extractor.Extract(Pixels(4)))),
        ["FeatureSet.Compute"] = Case(Convolutions, extractor =>
        {
            using FeatureSet set = FeatureSet.Compute(extractor, Pixels(8), batchSize: 4);
            return Text(set.Features.clone()) + set.Dimension;
        }),
        ["ToStatistics"] = Case(Features, set =>
        {
            using FeatureStatistics statistics = set.ToStatistics();
            return Text(statistics.Mean.clone());
        }),
        ["Evaluate"] = Case(Features, set => ImageGenerationEvaluator.Evaluate(set, set).ToString()),
        ["Statistics.Evaluate"] = Case(Statistics, statistics =>
        {
            using FeatureSet set = Features();
            return ImageGenerationEvaluator.Evaluate(statistics, set).FrechetDistance.ToString("R", CultureInfo.InvariantCulture);
        }),
        ["Statistics.Save"] = Case(Statistics, statistics =>
        {
            using TemporaryFolder folder = new();
            statistics.Save(folder.File("s.safetensors"));
            return Convert.ToHexString(File.ReadAllBytes(folder.File("s.safetensors")));
        }),
    };

    private static RgbImage Picture => new(8, 8, [.. Enumerable.Range(0, 192).Select(i => (byte)(i * 7))]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(ModelOperations))]
    public void Model_DisposedDuringAnOperation_FinishesOrThrows(string operation) =>
        DisposeRace.Run(LoadModel, OnModels[operation]);

    [Theory]
    [MemberData(nameof(PartOperations))]
    public void Part_DisposedDuringAnOperation_FinishesOrThrows(string operation) =>
        DisposeRace.Run(OnParts[operation].Create, OnParts[operation].Operation);

    [Theory]
    [MemberData(nameof(EvaluationOperations))]
    public void Features_DisposedDuringAnOperation_FinishesOrThrows(string operation) =>
        DisposeRace.Run(OnFeatures[operation].Create, OnFeatures[operation].Operation);

    [Fact]
    public void Fit_ImagesDisposedMeanwhile_FinishesOrThrows() =>
        DisposeRace.Run(() => TinyModel.Images(), images => Trained(() => GMemModel.Fit(images, Options(), torch.CPU)), rounds: 6);

    [Fact]
    public void Fit_InitialModelDisposedMeanwhile_FinishesOrThrows() => DisposeRace.Run(
        LoadModel,
        initial =>
        {
            GMemOptions options = Options();
            options.InitialModel = initial;
            return Trained(() => TinyModel.Train(options));
        },
        rounds: 6);

    [Fact]
    public void Fit_EncoderDisposedMeanwhile_FinishesOrThrows() => DisposeRace.Run(
        Pca,
        encoder =>
        {
            GMemOptions options = Options();
            options.Encoder = encoder;
            return Trained(() => TinyModel.Train(options));
        },
        rounds: 6);

    [Fact]
    public void Fit_LatentsDisposedMeanwhile_FinishesOrThrows()
    {
        using KlAutoencoder autoencoder = Kl();
        GMemOptions options = Options();
        options.Autoencoder = autoencoder;
        options.WorkspacePath = _folder.File("workspace");
        options.Network = options.Network with { PatchSize = 1 };
        using TrainingImages images = TinyModel.Images(size: 16);
        GMemModel.Fit(images, options, torch.CPU).Dispose();
        string folder = Directory.GetDirectories(Path.Combine(options.WorkspacePath, "latents")).Single();
        options.WorkspacePath = null;
        DisposeRace.Run(
            () => LatentDataSet.Open(folder), latents => Trained(() => GMemModel.Fit(latents, options, torch.CPU)), rounds: 6);
    }

    private static (Func<IDisposable> Create, Func<IDisposable, string> Operation) Case<T>(Func<T> create, Func<T, string> operation)
        where T : IDisposable => (() => create(), subject => operation((T)subject));

    private static GMemModel LoadModel() => GMemModel.Load(new MemoryStream(Saved.Value));

    private static SnippetEncoder Pca()
    {
        using torch.Tensor images = Pixels(32);
        return PcaEncoder.Fit(images, 12);
    }

    private static DinoV2Encoder Dino() =>
        DinoV2Encoder.CreateRandom(new DinoV2Options { EmbedDim = 16, Depth = 1, Heads = 1, ImageSize = 224 }, seed: 1);

    private static KlAutoencoder Kl() => KlAutoencoder.CreateRandom(
        new() { BaseChannels = 32, ChannelMultipliers = [1, 2], ResidualBlocks = 1, EncoderAttentionLevels = [] }, seed: 1);

    private static RandomConvolutionFeatures Convolutions() => new();

    private static FeatureSet Features()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(5);
        return FeatureSet.FromFeatures("f", torch.randn([64, 48], generator: generator));
    }

    private static FeatureStatistics Statistics()
    {
        using FeatureSet set = Features();
        return set.ToStatistics();
    }

    private static GMemOptions Options() => TinyModel.Options(steps: 2);

    private static torch.Tensor Latents() => torch.zeros(2, 4, 8, 8);

    private static torch.Tensor Pixels(int count, int size = 8)
    {
        using torch.Generator generator = new(7);
        return torch.randint(0, 256, [count, 3, size, size], dtype: torch.ScalarType.Byte, generator: generator);
    }

    private static string Trained(Func<GMemModel> fit)
    {
        using GMemModel model = fit();
        return Text(model.Generate([new(1)]));
    }

    private static string Written(Action<Stream> write)
    {
        using MemoryStream stream = new();
        write(stream);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(stream.ToArray()));
    }

    private static string Text(torch.Tensor tensor)
    {
        using (tensor)
        {
            return Written(stream => stream.Write(tensor.contiguous().bytes));
        }
    }

    private static string Text(IReadOnlyList<GeneratedImage> images) =>
        string.Join(" ", images.Select(i => Written(stream => stream.Write([.. i.Image.Pixels]))));
}
