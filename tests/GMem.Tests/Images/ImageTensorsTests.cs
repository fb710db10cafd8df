using GMem.Autoencoders;
using GMem.FileFormats;
using GMem.Images;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Images;

public sealed class ImageTensorsTests
{
    [Fact]
    public void ToTensor_ReferenceImages_GivesTheNetworksInput()
    {
        List<string> cases = [];
        using PixelAutoencoder pixels = new();
        foreach (SafetensorsFile file in CenterCropTests.Open(CenterCropTests.IsConversion))
        {
            using SafetensorsFile open = file;
            using DisposeScope scope = torch.NewDisposeScope();
            int size = file.Config().GetProperty("size").GetInt32();
            torch.Tensor images = ImageTensors.ToTensor([CenterCrop.Apply(TestImages.FromRows(file.Read("input")), size)]);
            torch.Tensor flipped = ImageTensors.FlipHorizontally(images);
            foreach (SafetensorsEntry entry in file.Entries.Where(e => e.Name != "input"))
            {
                torch.Tensor input = entry.Name.EndsWith("_flipped", StringComparison.Ordinal) ? flipped : images;
                Assert.Contains(
                    entry.Name.Replace("_flipped", string.Empty, StringComparison.Ordinal), new[] { "vae_input", "bank_input" });
                ReferenceFolder.Close(pixels.Encode(input).squeeze(0), file.Read(entry.Name), 1e-6, 0, $"{entry.Name} of '{file.Path}'");
                cases.Add(file.Path);
            }
        }

        ReferenceFolder.RequireCases("images", cases, "conversions");
    }

    [Fact]
    public void FromTensor_OfToTensor_IsTheIdentity()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        RgbImage[] images = [TestImages.Pattern(5, 4, 1), TestImages.Pattern(5, 4, 2), TestImages.Pattern(5, 4, 3)];
        torch.Tensor batch = ImageTensors.ToTensor(images);
        Assert.Equal([3, 3, 4, 5], batch.shape);
        Assert.Equal(images[1].Pixels[4], batch[1, 1, 0, 1].item<byte>());
        IReadOnlyList<RgbImage> back = ImageTensors.FromTensor(batch);
        Assert.Equal(images.Select(i => i.Pixels), back.Select(i => i.Pixels));
        Assert.Equal((5, 4), (back[0].Width, back[0].Height));
    }

    [Fact]
    public void Conversions_LeakNoTensors()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (torch.Tensor batch = ImageTensors.ToTensor([TestImages.Pattern(4, 4), TestImages.Pattern(4, 4)]))
        {
            _ = ImageTensors.FromTensor(batch);
            ImageTensors.FlipHorizontally(batch).Dispose();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void ToTensor_WrongInput_SaysWhat()
    {
        Assert.Throws<ArgumentException>(() => ImageTensors.ToTensor([]));
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => ImageTensors.ToTensor([TestImages.Pattern(4, 4), TestImages.Pattern(5, 4)]));
        Assert.StartsWith("Image 1 is 5 x 4; the batch needs 4 x 4.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromTensor_WrongType_SaysWhatWasGiven()
    {
        using torch.Tensor floats = torch.zeros(1, 3, 4, 4);
        ArgumentException error = Assert.Throws<ArgumentException>(() => ImageTensors.FromTensor(floats));
        Assert.StartsWith(
            "Images are uint8 [N, C, H, W] with 1, 3 or 4 channels; this is Float32 [1, 3, 4, 4].", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SeveralBadFiles_NamesTheFirst()
    {
        using TemporaryFolder folder = new();
        List<string> paths = [];
        for (int i = 0; i < 40; i++)
        {
            paths.Add(
                TestImages.Write(folder, $"{i:00}.png", i is 7 or 8 or 31 ? [1, 2, 3] : PngWriter.Encode(TestImages.Pattern(8, 8, i))));
        }

        InvalidDataException error = Assert.Throws<InvalidDataException>(
            () => ImageTensors.Load(paths, 8, TestContext.Current.CancellationToken));
        Assert.Contains("07.png", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Files_KeepsTheirOrder()
    {
        using TemporaryFolder folder = new();
        string[] paths =
            [.. Enumerable.Range(0, 20).Select(i => TestImages.Write(folder, $"{i}.png", PngWriter.Encode(TestImages.Pattern(8, 8, i))))];
        using torch.Tensor batch = ImageTensors.Load(paths, 8, TestContext.Current.CancellationToken);
        Assert.Equal(
            Enumerable.Range(0, 20).Select(i => TestImages.Pattern(8, 8, i).Pixels), ImageTensors.FromTensor(batch).Select(i => i.Pixels));
    }
}
