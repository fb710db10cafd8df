using GMem;
using GMem.FileFormats;
using GMem.Images;
using GMem.Sampling;
using TorchSharp;

namespace HeadlineResult.Runs;

/// <summary>What a stage's model generates from the seeds 1, 2, ...; made once and kept, so that any judge may look at it later.</summary>
/// <param name="Images">uint8 <c>[N, 3, 32, 32]</c>.</param>
/// <param name="Entries">Rows of the bank that they were made from; -1 without memory.</param>
internal sealed record Samples(torch.Tensor Images, IReadOnlyList<long> Entries) : IDisposable
{
    private const int PerFile = 500;
    private const int Batch = 125;

    /// <summary>Heun, two evaluations a step.</summary>
    private static readonly SamplingOptions Usual = new() { Steps = 10 };

    public const string Sampler = "Heun, 10 steps (20 evaluations)";

    /// <summary>Reads so many samples, or makes and writes those that are missing.</summary>
    /// <param name="folder">Where they are kept.</param>
    /// <param name="count">How many.</param>
    /// <param name="model">The model; asked for only where something is missing.</param>
    /// <param name="sampling">How the model samples; null for <see cref="Sampler"/>.</param>
    public static Samples Get(string folder, int count, Lazy<GMemModel> model, SamplingOptions? sampling = null)
    {
        Directory.CreateDirectory(folder);
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> images = [];
        List<long> entries = [];
        for (int first = 1; first <= count; first += PerFile)
        {
            string path = Path.Combine(folder, $"{first:d5}.safetensors");
            if (!File.Exists(path))
            {
                Make(path, first, model.Value, sampling ?? Usual);
            }

            using SafetensorsFile file = SafetensorsFile.Open(path);
            int taken = Math.Min(PerFile, count + 1 - first);
            images.Add(file.Read("images").narrow(0, 0, taken));
            entries.AddRange(file.Read("entries").narrow(0, 0, taken).data<long>().ToArray());
        }

        return new Samples(torch.cat(images).DetachFromDisposeScope(), entries);
    }

    public void Dispose() => Images.Dispose();

    private static void Make(string path, int first, GMemModel model, SamplingOptions sampling)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using GMemModel sampled = model.WithSampling(sampling);
        List<torch.Tensor> images = [];
        List<long> entries = [];
        for (int seed = first; seed < first + PerFile; seed += Batch)
        {
            IReadOnlyList<GeneratedImage> made = sampled.Generate([.. Enumerable.Range(seed, Batch).Select(s => new GenerationRequest(s))]);
            images.Add(ImageTensors.ToTensor([.. made.Select(i => i.Image)]));
            entries.AddRange(made.Select(i => i.Entry?.Index ?? -1));
        }

        torch.Tensor rows = torch.tensor(entries.ToArray());
        SafetensorsWriter.Write(path, [KeyValuePair.Create("images", torch.cat(images)), KeyValuePair.Create("entries", rows)]);
    }
}
