using System.Globalization;
using GMem.Evaluation;
using GMem.FileFormats;
using TorchSharp;

namespace HeadlineResult.Runs;

/// <summary>Features of real images, some images a file, so that a killed process loses little.</summary>
internal static class FeatureCache
{
    private const int PerFile = 1000;
    private const string Features = "features";
    private const string SecondsKey = "processor_seconds";

    /// <summary>Reads them, or makes and writes those that are missing.</summary>
    /// <param name="folder">Where they are kept.</param>
    /// <param name="extractor">Makes them.</param>
    /// <param name="images">uint8 <c>[N, 3, 32, 32]</c>.</param>
    /// <returns>float32 <c>[N, D]</c>, and the processor time that making them took.</returns>
    public static (torch.Tensor Features, double Seconds) Get(string folder, FeatureExtractor extractor, torch.Tensor images)
    {
        Directory.CreateDirectory(folder);
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> parts = [];
        double seconds = 0;
        for (long first = 0; first < images.shape[0]; first += PerFile)
        {
            string path = Path.Combine(folder, $"{first:d6}.safetensors");
            if (!File.Exists(path))
            {
                TimeSpan start = Race.ProcessorTime;
                using torch.Tensor some = images.narrow(0, first, Math.Min(PerFile, images.shape[0] - first));
                using FeatureSet set = FeatureSet.Compute(extractor, some);
                string taken = (Race.ProcessorTime - start).TotalSeconds.ToString("f2", CultureInfo.InvariantCulture);
                Dictionary<string, string> metadata = new() { [SecondsKey] = taken };
                SafetensorsWriter.Write(path, [KeyValuePair.Create(Features, set.Features)], metadata);
                Console.WriteLine($"{folder}: {first + some.shape[0]} of {images.shape[0]}, {taken} processor seconds");
            }

            using SafetensorsFile file = SafetensorsFile.Open(path);
            parts.Add(file.Read(Features));
            seconds += double.Parse(file.Metadata[SecondsKey], CultureInfo.InvariantCulture);
        }

        return (torch.cat(parts).MoveToOuterDisposeScope(), seconds);
    }
}
