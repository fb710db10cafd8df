using GMem.Backbone;
using GMem.Encoders;
using GMem.Images;
using GMem.Latents;
using GMem.Sampling;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>A model small enough to be trained inside a test: 8 x 8 images, two blocks.</summary>
public static class TinyModel
{
    public const int ImageSize = 8;

    public static GMemOptions Options(long steps = 6, int batchSize = 8, long seed = 3) => new()
    {
        Network = new SiTOptions { PatchSize = 2, HiddenSize = 32, Depth = 2, HeadCount = 2 },
        Training = new TrainingOptions { TotalSteps = steps, BatchSize = batchSize, Seed = seed, LearningRate = 1e-3, LogEveryNStep = 1 },
        Sampling = new SamplingOptions { Steps = 3 },
        EncoderTrainer = new PcaEncoderTrainer { Dimension = 12 },
    };

    /// <summary>Images of smooth colours, each another one.</summary>
    public static TrainingImages Images(int count = 24, ImageShape? size = null, IReadOnlyList<string>? labels = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(11);
        ImageShape shape = size ?? ImageSize;
        torch.Tensor coarse = torch.rand([count, shape.Channels, 2, 2], generator: generator);
        torch.Tensor pixels = torch.nn.functional.interpolate(
            coarse, [shape.Height, shape.Width], mode: torch.InterpolationMode.Bilinear, align_corners: true).mul_(torch.tensor(255f)).to(torch.uint8);
        return new TrainingImages(pixels.MoveToOuterDisposeScope()) { Labels = labels, Fit = shape.Fit };
    }

    public static GMemModel Train(
        GMemOptions? options = null, IProgress<TrainingProgress>? progress = null, IReadOnlyList<string>? labels = null)
    {
        using TrainingImages images = Images(labels: labels);
        return GMemModel.Fit(images, options ?? Options(), torch.CPU, progress);
    }

    /// <summary>Bytes of generated images, one array an image.</summary>
    public static byte[][] Generate(GMemModel model, params GenerationRequest[] requests)
    {
        IReadOnlyList<GeneratedImage> images = model.Generate(requests);
        using torch.Tensor pixels = images.Pixels;
        byte[] all = pixels.data<byte>().ToArray();
        int one = all.Length / Math.Max(1, requests.Length);
        return [.. Enumerable.Range(0, requests.Length).Select(i => all[(i * one)..((i + 1) * one)])];
    }
}
