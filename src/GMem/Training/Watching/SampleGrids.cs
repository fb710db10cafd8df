using GMem.Backbone;
using GMem.Images;

namespace GMem.Training;

/// <summary>Grids of samples of the averaged weights, of the same seeds at every step, as PNG files.</summary>
/// <param name="folder">Where the files go.</param>
/// <param name="sample">Generates so many images with the network that is trained, always of the same seeds.</param>
/// <param name="options">How often, and how many images.</param>
internal sealed class SampleGrids(string folder, Func<int, IReadOnlyList<RgbImage>> sample, TrainingOptions options)
{
    /// <summary>Small images are shown enlarged to this side.</summary>
    private const int SmallestTile = 64;

    public bool IsDue(long step) => options.SampleEveryNStep > 0 && (step % options.SampleEveryNStep == 0 || step == options.TotalSteps);

    /// <summary>The samples of the averaged weights.</summary>
    public IReadOnlyList<RgbImage> Sample(TrainingState state, SiT network) =>
        state.Generating(network, () => sample(options.SampleCount));

    /// <returns>The file of the picture.</returns>
    public string Draw(long step, IReadOnlyList<RgbImage> samples)
    {
        int columns = (int)Math.Ceiling(Math.Sqrt(samples.Count));
        RgbImage grid = ImageGrid.Compose(samples, columns, scale: Math.Max(1, SmallestTile / samples[0].Width));
        _ = Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}.png"));
        PngWriter.Write(path, grid);
        return path;
    }

    /// <returns>The grids that are there, in the order of their steps. Other files are ignored.</returns>
    public static IReadOnlyList<(long Step, string Path)> In(string folder)
    {
        List<(long Step, string Path)> grids = [];
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "step-*.png") : [];
        foreach (string path in files.Order(StringComparer.Ordinal))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(path)["step-".Length..], CultureInfo.InvariantCulture, out long step))
            {
                grids.Add((step, path));
            }
        }

        return grids;
    }
}
