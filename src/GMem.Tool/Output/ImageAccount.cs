using System.Collections.Concurrent;
using System.Text;
using GMem.Images;

namespace GMem.Tool.Output;

/// <summary>What became of every file of a folder, archive or list: read, skipped or ignored.</summary>
/// <param name="listing">What was found.</param>
internal sealed class ImageAccount(ImageListing listing)
{
    /// <summary>Of the images that <see cref="ReadAll"/> could read, from small to large.</summary>
    private (int Width, int Height)[] _sizes = [];

    /// <summary>What was found.</summary>
    public ImageListing Listing => listing;

    /// <summary>What is found in a path, also by a pattern or a list, none of which is to be replaced.</summary>
    /// <exception cref="ArgumentException">The output is one of the archives that images are read from.</exception>
    public static ImageAccount Of(string path, string output)
    {
        ImageListing found = ImageCollection.Enumerate(path);
        return File.Exists(output) && found.Any(f => !Path.GetRelativePath(output, f.ImagePath).StartsWith("..", StringComparison.Ordinal))
            ? throw new ArgumentException($"--output is '{output}', from which images are read and which would be replaced; name another.")
            : new ImageAccount(found);
    }

    /// <summary>Images that cannot be used.</summary>
    public IReadOnlyList<SkippedImage> Skipped { get; set; } = [];

    /// <summary>The images that can be used.</summary>
    public IReadOnlyList<ImageFile> Readable
    {
        get
        {
            HashSet<string> skipped = [.. Skipped.Select(s => s.Source)];
            return [.. listing.Where(f => !skipped.Contains(f.ImagePath))];
        }
    }

    /// <summary>Reads every image to find those that cannot be used.</summary>
    /// <param name="shape">Shape to which they would be brought.</param>
    /// <param name="maxAspectRatio">How many times longer than wide they may be; null for any.</param>
    /// <param name="progress">Told, one call at a time on any thread, how many were read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public void ReadAll(
        ImageShape shape, int? maxAspectRatio = null, Action<int>? progress = null, CancellationToken cancellationToken = default)
    {
        int read = 0;
        SkippedImage?[] faults = new SkippedImage?[listing.Count];
        (int Width, int Height)[] sizes = new (int, int)[listing.Count];
        ParallelOptions cores = new()
        {
            MaxDegreeOfParallelism = Environment.ProcessorCount,
            CancellationToken = cancellationToken,
        };

        // One after the other, as archives are read fastest.
        OrderablePartitioner<int> inOrder = Partitioner.Create(
            Enumerable.Range(0, listing.Count), EnumerablePartitionerOptions.NoBuffering);
        _ = Parallel.ForEach(inOrder, cores, i =>
        {
            try
            {
                _ = ImageReader.ReadFile(listing[i].ImagePath, shape, maxAspectRatio, out int width, out int height);
                sizes[i] = (width, height);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or OutOfMemoryException)
            {
                faults[i] = new SkippedImage(listing[i].ImagePath, e.Message);
            }

            lock (faults)
            {
                progress?.Invoke(++read);
            }
        });
        Skipped = [.. faults.OfType<SkippedImage>()];
        _sizes = [.. sizes.Where(s => s.Width > 0).OrderBy(s => (long)s.Width * s.Height)];
    }

    /// <summary>Labels and sizes of the images that were read, in a line.</summary>
    /// <param name="shape">Shape to which they would be brought.</param>
    public string Contents(ImageShape shape)
    {
        int[] labels = Labels();
        int small = _sizes.Count(s => s.Width < shape.Width || s.Height < shape.Height);
        string ofLabels = labels.Length == 0 ? "no labels"
            : $"{labels.Length} label{(labels.Length == 1 ? "" : "s")} of {labels[0]}"
                + $"{(labels[0] == labels[^1] ? "" : $" to {labels[^1]}")} image{(labels[^1] == 1 ? "" : "s")}";
        string ofSizes = _sizes.Length == 0 ? "no sizes"
            : _sizes[0] == _sizes[^1] ? $"all {Text(_sizes[0])} pixels"
            : $"{Text(_sizes[0])} to {Text(_sizes[^1])} pixels, median {Text(_sizes[_sizes.Length / 2])}";
        return $"{ofLabels}; {ofSizes}{(small > 0 ? $"; {small} smaller than {shape.Width} x {shape.Height}, which are enlarged" : "")}";
    }

    /// <summary>How many images each label has.</summary>
    private int[] Labels() => [.. Readable.Where(f => f.Label.Length > 0).GroupBy(f => f.Label).Select(g => g.Count()).Order()];

    private static string Text((int Width, int Height) size) => $"{size.Width} x {size.Height}";

    /// <summary>The account in a line.</summary>
    public string Line => string.Create(
        CultureInfo.InvariantCulture,
        $"{listing.Source}: {listing.Count} images found, {listing.Count - Skipped.Count} read, {Skipped.Count} skipped, "
            + $"{listing.IgnoredByReason()}");

    /// <summary>The account for <c>--json</c>.</summary>
    /// <param name="listed">Whether to name every file that was not read.</param>
    public object Value(bool listed) => new
    {
        listing.Source,
        Found = listing.Count,
        Read = listing.Count - Skipped.Count,
        Skipped = Skipped.Count,
        Ignored = listing.Ignored.Count,
        ImagesOfEachLabel = _sizes.Length > 0 && Labels() is { Length: > 0 } counts
            ? new { Labels = counts.Length, Fewest = counts[0], Most = counts[^1] }
            : null,
        Sizes = _sizes.Length == 0 ? null : new
        {
            Smallest = Text(_sizes[0]),
            Median = Text(_sizes[_sizes.Length / 2]),
            Largest = Text(_sizes[^1]),
        },
        IgnoredByReason = listing.Ignored.GroupBy(f => f.Reason).ToDictionary(g => g.Key, g => g.Count()),
        SkippedFiles = listed ? Skipped : null,
        IgnoredFiles = listed ? listing.Ignored.Select(f => new { f.Path, f.Reason }) : null,
    };

    /// <summary>One line for each file that was not read, after the line of the account.</summary>
    /// <param name="listed">Whether to name them.</param>
    public string Text(bool listed)
    {
        StringBuilder text = new(Line);
        if (!listed)
        {
            return Skipped.Count + listing.Ignored.Count > 0 ? text.Append(" (--list-skipped names them)").ToString() : text.ToString();
        }

        foreach (SkippedImage skipped in Skipped)
        {
            _ = text.AppendLine().Append("  skipped  ").Append(skipped.Reason);
        }

        foreach (IgnoredFile ignored in listing.Ignored)
        {
            _ = text.AppendLine().Append("  ignored  ").Append(ignored.Path).Append(": ").Append(ignored.Reason);
        }

        return text.ToString();
    }

    /// <summary>Warns of what may be pictures that are missed, and of images that were found to be no good.</summary>
    public void Warn(ToolConsole console)
    {
        foreach (SkippedImage skipped in Skipped)
        {
            console.Warn($"Skipped: {skipped.Reason}");
        }

        foreach (string warning in listing.Warnings)
        {
            console.Warn(warning);
        }
    }
}
