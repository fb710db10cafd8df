using GMem.Images;

namespace GMem.Tests.Shared;

/// <summary>CIFAR-10's images in ../shared/data; tests that need them are skipped, with the reason, without them.</summary>
public static class CifarFiles
{
    /// <summary>Images of the set, class by class.</summary>
    /// <param name="set"><c>train</c> or <c>test</c>.</param>
    /// <param name="from">First image of each class.</param>
    /// <param name="count">Images of each class.</param>
    public static IReadOnlyList<ImageFile> Of(string set, int from, int count)
    {
        string archive = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "data", $"cifar10-{set}.zip"));
        Assert.SkipUnless(File.Exists(archive), $"CIFAR-10's images are not in '../shared/data/cifar10-{set}.zip'");
        return
        [
            .. ImageCollection.Enumerate(archive).GroupBy(f => f.Label).OrderBy(g => g.Key, StringComparer.Ordinal)
                .SelectMany(g => g.Skip(from).Take(count)),
        ];
    }
}
