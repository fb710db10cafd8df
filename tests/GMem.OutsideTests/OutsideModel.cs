using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Images;
using GMem.Latents;
using GMem.MLNet;
using GMem.OutsideProject;
using GMem.Sampling;
using GMem.Training;
using Microsoft.ML;
using TorchSharp;

namespace GMem.OutsideTests;

/// <summary>A small model with parts of the user's own.</summary>
internal static class OutsideModel
{
    public const int ImageSize = 8;

    private static readonly Lazy<bool> IsRegistered = new(() =>
    {
        OutsideParts.Register();
        return true;
    });

    /// <summary>24 smooth images.</summary>
    public static IReadOnlyList<RgbImage> Images(int count = 24)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(11);
        torch.Tensor coarse = torch.rand([count, 3, 2, 2], generator: generator);
        torch.Tensor smooth = torch.nn.functional.interpolate(
            coarse, [ImageSize, ImageSize], mode: torch.InterpolationMode.Bilinear, align_corners: true);
        return ImageTensors.FromTensor((smooth * torch.tensor(255f)).to(torch.uint8));
    }

    public static TrainingImages TrainingImages(int count = 24)
    {
        Register();
        return new TrainingImages(ImageTensors.ToTensor(Images(count)));
    }

    public static SiTOptions Network() => new() { PatchSize = 2, HiddenSize = 32, Depth = 2, HeadCount = 2 };

    public static TrainingOptions Training(long steps = 4) =>
        new() { TotalSteps = steps, BatchSize = 8, Seed = 3, LearningRate = 1e-3, LogEveryNStep = 1 };

    public static GMemOptions Options(ImageAutoencoder? autoencoder = null, SnippetEncoderTrainer? trainer = null, long steps = 4) => new()
    {
        Network = Network(),
        Training = Training(steps),
        Sampling = new SamplingOptions { Steps = 3 },
        Autoencoder = autoencoder,
        EncoderTrainer = trainer ?? new ColourGridTrainer(),
    };

    /// <summary>Trains by ML.NET's trainer.</summary>
    public static GMemTransformer Train(
        ImageAutoencoder autoencoder, SnippetEncoderTrainer? trainer = null, string? workspace = null, long steps = 4)
    {
        Register();
        MLContext mlContext = new(seed: 1);
        GMemTrainer.Options options = new()
        {
            ImageColumnName = nameof(Row.Bytes),
            ImageSize = ImageSize,
            Network = Network(),
            Training = Training(steps),
            Sampling = new SamplingOptions { Steps = 3 },
            Autoencoder = autoencoder,
            EncoderTrainer = trainer ?? new ColourGridTrainer(),
            WorkspacePath = workspace,
        };
        IDataView rows = mlContext.Data.LoadFromEnumerable(Images().Select(image => new Row { Bytes = PngWriter.Encode(image) }).ToArray());
        return mlContext.ImageGeneration.Trainers.GMem(options).Fit(rows);
    }

    public static void Register() => _ = IsRegistered.Value;

    private sealed class Row
    {
        public byte[] Bytes { get; set; } = [];
    }
}
