using GMem.Images;
using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Latents;

public sealed class TrainingImageFilesTests
{
    [Fact]
    public void Finish_MoreThanOneShard_AllImagesInOrder()
    {
        // 3 MB an image: 21 of them fill a shard.
        const int Size = 1024, Count = 45;
        using TemporaryFolder workspace = new();
        using TrainingImageFiles shards = new(workspace.Path, Size);
        foreach (int i in Enumerable.Range(0, Count))
        {
            shards.Add(Image(i, Size));
        }

        using (TrainingImages images = shards.Finish())
        {
            Assert.Equal(Count, images.Count);
            Assert.Equal(3, Directory.EnumerateFiles(workspace.Path, "shard-*", SearchOption.AllDirectories).Count());
            using torch.Tensor some = images.Rows.Rows([44, 0, 21, 20]);
            using torch.Tensor range = images.Rows.Range(20, 3);
            Assert.Equal([44, 0, 21, 20], Enumerable.Range(0, 4).Select(i => (int)some[i, 2, 1023, 1023].item<byte>()));
            Assert.Equal([20, 21, 22], Enumerable.Range(0, 3).Select(i => (int)range[i, 0, 0, 0].item<byte>()));
            Assert.Throws<InvalidOperationException>(() => images.Pixels);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(workspace.Path, "images")));
    }

    [Fact]
    public void New_BesideWhatAKilledRunLeft_RemovesThatAlone()
    {
        using TemporaryFolder workspace = new();
        using TrainingImageFiles running = new(workspace.Path, 8);
        string left = Path.Combine(workspace.Path, "images", "left");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "lock"), "");
        using TrainingImageFiles next = new(workspace.Path, 8);
        Assert.False(Directory.Exists(left));
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(workspace.Path, "images")).Length);
    }

    [Fact]
    public void Finish_NoImagesOrTwice_Throws()
    {
        using TemporaryFolder workspace = new();
        using TrainingImageFiles files = new(workspace.Path, 8);
        Assert.Throws<InvalidOperationException>(() => files.Finish());
        files.Add(Image(3, 8));
        using TrainingImages images = files.Finish();
        Assert.Throws<InvalidOperationException>(() => files.Finish());
        Assert.Throws<InvalidOperationException>(() => files.Add(Image(3, 8)));
    }

    [Fact]
    public void Add_ImageOfAnotherSize_Throws()
    {
        using TemporaryFolder workspace = new();
        using TrainingImageFiles files = new(workspace.Path, 8);
        Assert.Throws<ArgumentException>(() => files.Add(Image(3, 9)));
        Assert.Equal(0, files.Count);
    }

    private static RgbImage Image(int value, int size)
    {
        byte[] pixels = new byte[size * size * 3];
        Array.Fill(pixels, (byte)value);
        return new RgbImage(size, size, pixels);
    }
}
