using System.Diagnostics;
using Examples.Shared;
using GMem;
using GMem.Images;
using GMem.MLNet;
using GMem.Runtime;
using GMem.Training;
using Microsoft.ML;
using TorchSharp;

namespace LatentImages;

/// <summary>From photographs to latents, to a trained model, to images.</summary>
internal static class Walkthrough
{
    private const int Reconstructed = 8;

    public static void Run(Settings settings, CancellationToken cancellationToken)
    {
        Stopwatch clock = Stopwatch.StartNew();
        OutputFolder output = new(settings.Output);
        MLContext ml = new(settings.Seed);
        ml.Log += (_, e) => Echo(e.RawMessage);
        torch.Device device = GMemRuntime.SelectDevice();
        using Networks networks = new(settings, device);
        IReadOnlyList<ImageFile> files = ImageCollection.Enumerate(settings.Images ?? DrawPictures(output, settings.Seed));
        Console.WriteLine(
            $"Training on {files.Count} images of {settings.ResolvedImageSize} x {settings.ResolvedImageSize} pixels, on {device}, for "
                + $"{settings.Steps} steps of {settings.BatchSize}.");

        using (GMemTransformer trained = ProgressView.Show(
            progress => Train(ml, settings, networks, files, output, progress, cancellationToken)))
        {
            // Files for others: one for ML.NET with everything in it, one that the public Python code loads.
            trained.Save(output.Model);
            trained.Model.ExportCheckpoint(output.Network);
        }

        using GMemTransformer model = GMemTransformer.Load(output.Model);
        WriteReconstructions(model, settings, files, output);
        WriteSamples(model, settings, output, cancellationToken);
        Console.WriteLine(
            $"Wrote {output.Model}, {output.Network}, {output.Reconstructions} and {output.Samples} ({clock.Elapsed:m\\:ss} in all).");
    }

    /// <summary>What was encoded and what was skipped is worth a line.</summary>
    private static void Echo(string message)
    {
        if (message.StartsWith("Encoded", StringComparison.Ordinal) || message.StartsWith("Skipped", StringComparison.Ordinal))
        {
            Console.WriteLine(message);
        }
    }

    private static string DrawPictures(OutputFolder output, int seed)
    {
        Pictures.Write(output.Pictures, seed);
        return output.Pictures;
    }

    /// <summary>
    /// Latents, snippets and tokens are encoded once, into the workspace; the next run with the same images finds them there.
    /// </summary>
    private static GMemTransformer Train(
        MLContext ml, Settings settings, Networks networks, IReadOnlyList<ImageFile> files, OutputFolder output,
        IProgress<TrainingProgress> progress, CancellationToken cancellationToken)
    {
        GMemTrainer.Options options = new()
        {
            ImageSize = settings.ResolvedImageSize,
            Autoencoder = networks.Autoencoder,
            Encoder = networks.Encoder,
            WorkspacePath = output.Workspace,
            Network = settings.ToNetwork(networks.Autoencoder.DownsamplingFactor, networks.Encoder.PatchTokenDimension),
            Training = new TrainingOptions
            {
                TotalSteps = settings.Steps,
                BatchSize = settings.BatchSize,
                Seed = settings.Seed,
                HorizontalFlip = true,
                Losses = [new VelocityLoss(), new CosineLoss(), new ProjectionLoss()],
                LogEveryNStep = 10,
            },
            Progress = progress,
            CancellationToken = cancellationToken,
        };
        return ml.ImageGeneration.Trainers.GMem(options).Fit(ml.Data.LoadFromEnumerable(files));
    }

    /// <summary>Images beside what the autoencoder makes of them: no generated image can be better than these.</summary>
    private static void WriteReconstructions(GMemTransformer model, Settings settings, IReadOnlyList<ImageFile> files, OutputFolder output)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor images = ImageTensors.Load([.. files.Take(Reconstructed).Select(f => f.ImagePath)], settings.ResolvedImageSize);
        torch.Tensor decoded = model.Model.Autoencoder.Decode(model.Model.Autoencoder.Encode(images));
        ImageGrid.Save(output.Reconstructions, torch.stack([images, decoded], 1).flatten(0, 1), columns: 4, scale: 1);
    }

    private static void WriteSamples(GMemTransformer model, Settings settings, OutputFolder output, CancellationToken cancellationToken)
    {
        GenerationRequest[] requests = [.. Enumerable.Range(0, settings.Count).Select(i => new GenerationRequest(settings.Seed + i))];
        List<RgbImage> samples = [];
        foreach (GenerationRequest[] batch in requests.Chunk(8))
        {
            samples.AddRange(model.Model.Generate(batch, cancellationToken).Select(i => i.Image));
        }

        ImageGrid.Save(output.Samples, samples, columns: 4, scale: 1);
    }
}
