using GMem.Images;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation;

/// <summary>CIFAR-10's test images from ../shared/data; tests that need them are skipped, with the reason, without them.</summary>
internal static class CifarImages
{
    /// <summary>Images of some classes, class by class.</summary>
    /// <param name="useClass">Which classes, by their place in alphabetical order.</param>
    /// <param name="from">First image of each class.</param>
    /// <param name="count">Images of each class.</param>
    public static torch.Tensor Load(Func<int, bool> useClass, int from, int count)
    {
        string? archive = Find();
        Assert.SkipWhen(archive is null, "CIFAR-10's test images are not in '../shared/data'");
        IEnumerable<string[]> classes = ImageCollection.Enumerate(archive!)
            .GroupBy(f => f.Label)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => g.Select(f => f.ImagePath).ToArray());
        return ImageTensors.Load([.. classes.Where((_, i) => useClass(i)).SelectMany(c => c.Skip(from).Take(count))], 32);
    }

    private static string? Find()
    {
        string data = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "data"));
        return Directory.Exists(data) ? Directory.EnumerateFiles(data, "*test*.zip").Order(StringComparer.Ordinal).FirstOrDefault() : null;
    }
}
