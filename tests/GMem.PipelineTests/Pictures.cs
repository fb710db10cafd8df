using System.IO.Compression;
using Examples.Shared;
using GMem.Images;
using GMem.Tests.Shared;

[assembly: AssemblyFixture(typeof(GMem.PipelineTests.Pictures))]

// Recipes write into the current folder, as programs do, and a process has one of it.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace GMem.PipelineTests;

/// <summary>A few labelled pictures in a folder; its subfolders are the labels.</summary>
public sealed class Pictures : IDisposable
{
    private const int OfALabel = 12;

    private readonly TemporaryFolder _folder = new();

    public Pictures()
    {
        Shapes = Write("shapes", isDescribed: false, OfALabel);
        DescribedShapes = Write("described", isDescribed: true, count: 3);
        Photos = File.Exists(Cifar) ? Extract(Cifar, "cifar", OfALabel) : Shapes;
    }

    /// <summary>Five labels: circle, cross, ring, square, triangle.</summary>
    public string Shapes { get; }

    /// <summary>Labels as "small blue ring", all forty of them.</summary>
    public string DescribedShapes { get; }

    /// <summary>Some of CIFAR-10's pictures where they are present, else the shapes.</summary>
    public string Photos { get; }

    public static IReadOnlyList<ImageFile> In(string folder) => ImageCollection.Enumerate(folder);

    private static string Cifar { get; } = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "data", "cifar10-train.zip"));

    public void Dispose() => _folder.Dispose();

    private string Write(string name, bool isDescribed, int count)
    {
        string archive = _folder.File(name + ".zip");
        ShapesDataSet.Write(archive, seed: 1, isDescribed);
        return Extract(archive, name, count);
    }

    private string Extract(string archive, string name, int count)
    {
        using ZipArchive zip = ZipFile.OpenRead(archive);
        foreach (IGrouping<string, ZipArchiveEntry> label in zip.Entries.Where(e => e.Name.Length > 0)
            .GroupBy(e => Path.GetFileName(Path.GetDirectoryName(e.FullName)!)))
        {
            string folder = Directory.CreateDirectory(_folder.File(Path.Combine(name, label.Key))).FullName;
            foreach (ZipArchiveEntry entry in label.OrderBy(e => e.FullName, StringComparer.Ordinal).Take(count))
            {
                entry.ExtractToFile(Path.Combine(folder, entry.Name));
            }
        }

        return _folder.File(name);
    }
}
