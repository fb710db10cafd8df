using System.Collections;

namespace GMem.Images;

/// <summary>The images of a folder, archive or list, and an account of all else that is there. Immutable.</summary>
public sealed class ImageListing : IReadOnlyList<ImageFile>
{
    private const int MostNamed = 3;
    private readonly ImageFile[] _files;

    internal ImageListing(string source, ImageFile[] files, IReadOnlyList<IgnoredFile> ignored, IReadOnlyList<string> warnings)
    {
        Source = source;
        _files = files;
        Ignored = ignored;
        Warnings = [.. warnings, .. new[] { Suspects() }.OfType<string>()];
    }

    /// <summary>What was listed, as it was given.</summary>
    public string Source { get; }

    /// <summary>Number of images.</summary>
    public int Count => _files.Length;

    /// <summary>
    /// Every file that is not listed, in ordinal order of the paths. What is in a folder that cannot be entered counts as one.
    /// </summary>
    public IReadOnlyList<IgnoredFile> Ignored { get; }

    /// <summary>An image.</summary>
    /// <param name="index">From 0, in the order that <see cref="ImageCollection.Enumerate"/> states.</param>
    public ImageFile this[int index] => _files[index];

    /// <summary>What was ignored, by reason: <c>5 ignored: 3 .txt, 2 hidden</c>; <c>none ignored</c> where there is nothing else.</summary>
    /// <returns>The phrase, without a full stop.</returns>
    public string IgnoredByReason() => Phrase(Ignored);

    /// <summary>Sentences for a log: names and columns that were guessed, and what may be pictures that are missed.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <inheritdoc/>
    public IEnumerator<ImageFile> GetEnumerator() => ((IEnumerable<ImageFile>)_files).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static string Phrase(IReadOnlyCollection<IgnoredFile> ignored)
    {
        IEnumerable<string> reasons = ignored.GroupBy(f => f.Reason, StringComparer.Ordinal)
            .OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Count().ToString(CultureInfo.InvariantCulture)} {g.Key}");
        return ignored.Count == 0
            ? "none ignored"
            : $"{ignored.Count.ToString(CultureInfo.InvariantCulture)} ignored: {string.Join(", ", reasons)}";
    }

    private string? Suspects()
    {
        IgnoredFile[] suspects = [.. Ignored.Where(f => f.IsSuspect)];
        string more = suspects.Length > MostNamed ? $" and {suspects.Length - MostNamed} more" : "";
        return suspects.Length == 0
            ? null
            : $"Not read in '{Source}': {string.Join(", ", suspects.Take(MostNamed).Select(f => $"'{f.Path}' ({f.Reason})"))}{more}.";
    }
}
