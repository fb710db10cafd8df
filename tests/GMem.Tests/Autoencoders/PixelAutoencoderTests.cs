using GMem.Autoencoders;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Autoencoders;

public sealed class PixelAutoencoderTests
{
    [Fact]
    public void Decode_OfEncode_IsTheIdentityForEveryByte()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using PixelAutoencoder pixels = new();
        torch.Tensor images = TensorNumbers.Range(0, 3 * 256).Remainder(256).to(torch.uint8).reshape(1, 3, 16, 16);
        torch.Tensor latents = pixels.Encode(images);
        Assert.Equal(-1f, latents.min().item<float>());
        Assert.Equal(1f, latents.max().item<float>());
        Assert.True(pixels.Decode(latents).equal(images).all().item<bool>());
        Assert.Equal(pixels.Channels, latents.shape[1]);
        Assert.Equal(images.shape[3], latents.shape[3] * pixels.DownsamplingFactor);
    }

    [Fact]
    public void Decode_OutsideTheRange_ClipsAndRoundsToNearest()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using PixelAutoencoder pixels = new();
        float[] values = [-7f, 7f, (100.4f / 127.5f) - 1f, (100.6f / 127.5f) - 1f, 1.002f, -1.002f];
        torch.Tensor latents = torch.tensor(values).reshape(1, 3, 1, 2);
        byte[] expected = [0, 255, 100, 101, 255, 0];
        Assert.Equal(expected, pixels.Decode(latents).data<byte>().ToArray());
        Assert.Equal(values, latents.data<float>().ToArray());
    }

    [Fact]
    public void EncodeAndDecode_LeakNoTensors()
    {
        using PixelAutoencoder pixels = new();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (torch.Tensor images = torch.zeros(2, 3, 4, 4, dtype: torch.uint8))
        {
            using torch.Tensor latents = pixels.Encode(images);
            using torch.Tensor back = pixels.Decode(latents);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Encode_FloatImages_SaysWhatWasGiven()
    {
        using PixelAutoencoder pixels = new();
        using torch.Tensor floats = torch.zeros(2, 3, 4, 4);
        Assert.StartsWith("Images are uint8 [N, 3, H, W]; this is Float32 [2, 3, 4, 4].", Assert.Throws<ArgumentException>(
            () => pixels.Encode(floats)).Message, StringComparison.Ordinal);
    }
}
