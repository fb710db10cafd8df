using GMem.Runtime;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>Ways to spoil real images. All take and give uint8 <c>[N, 3, 32, 32]</c> and choose the same at every call.</summary>
internal static class Degradations
{
    private const int BlockSide = 8;
    private const double Brightest = 255;

    /// <summary>Gaussian noise.</summary>
    /// <param name="images">The images.</param>
    /// <param name="sigma">Standard deviation, of 255.</param>
    public static torch.Tensor Noise(torch.Tensor images, double sigma)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(7);
        torch.Tensor noise = torch.randn(images.shape, generator: generator).Times(sigma);
        return Pixels(images.to(torch.float32).Plus(noise)).MoveToOuterDisposeScope();
    }

    /// <summary>Gaussian blur.</summary>
    /// <param name="images">The images.</param>
    /// <param name="width">Standard deviation in pixels.</param>
    public static torch.Tensor Blur(torch.Tensor images, double width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long radius = (long)Math.Ceiling(3 * width), channels = images.shape[1];
        torch.Tensor taps = TensorNumbers.Range(-radius, radius + 1).to(torch.float32).Squared().Times(-0.5 / (width * width)).exp();
        taps = (taps / taps.sum()).view(1, 1, 1, -1).expand(channels, 1, 1, -1).contiguous();
        torch.Tensor wide = torch.nn.functional.pad(images.to(torch.float32), [radius, radius, radius, radius], PaddingModes.Reflect);
        torch.Tensor rows = torch.nn.functional.conv2d(wide, taps, groups: channels);
        return Pixels(torch.nn.functional.conv2d(rows, taps.transpose(2, 3).contiguous(), groups: channels)).MoveToOuterDisposeScope();
    }

    /// <summary>Cosine coefficients of 8 x 8 blocks in whole steps, as JPEG stores them.</summary>
    /// <param name="images">The images.</param>
    /// <param name="step">The step, of 255.</param>
    public static torch.Tensor CoarseBlocks(torch.Tensor images, double step)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor at = TensorNumbers.Range(0, BlockSide).to(torch.float64);
        torch.Tensor waves = torch.outer(at, at.Times(2).Plus(1)).Times(Math.PI / (2 * BlockSide)).cos();
        waves = (waves / waves.Squared().sum(1, keepdim: true).sqrt()).to(torch.float32);
        torch.Tensor basis = torch.einsum("ai,bj->abij", waves, waves).reshape(-1, 1, BlockSide, BlockSide);
        torch.Tensor planes = images.to(torch.float32).Plus(-Brightest / 2).view(-1, 1, images.shape[2], images.shape[3]);
        torch.Tensor waviness = torch.nn.functional.conv2d(planes, basis, strides: [BlockSide, BlockSide]);
        torch.Tensor coarse = waviness.DividedBy(step).round().Times(step);
        torch.Tensor back = torch.nn.functional.conv_transpose2d(coarse, basis, strides: [BlockSide, BlockSide]);
        return Pixels(back.Plus(Brightest / 2).view(images.shape)).MoveToOuterDisposeScope();
    }

    /// <summary>Square patches of each image in random order.</summary>
    /// <param name="images">The images.</param>
    /// <param name="side">Side of a patch in pixels.</param>
    public static torch.Tensor ShuffledPatches(torch.Tensor images, long side)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(7);
        torch.Tensor patches = torch.nn.functional.unfold(images.to(torch.float32), (side, side), stride: (side, side));
        torch.Tensor order = torch.rand([patches.shape[0], 1, patches.shape[2]], generator: generator).argsort(2).expand_as(patches);
        torch.Tensor mixed = patches.gather(2, order);
        return Pixels(torch.nn.functional.fold(mixed, (images.shape[2], images.shape[3]), (side, side), stride: (side, side)))
            .MoveToOuterDisposeScope();
    }

    /// <summary>Every image mixed with the mean of all.</summary>
    /// <param name="images">The images.</param>
    /// <param name="share">Of the mean, 0 to 1.</param>
    public static torch.Tensor Faded(torch.Tensor images, double share)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor bright = images.to(torch.float32);
        torch.Tensor mean = bright.mean([0L], keepdim: true);
        return Pixels(bright.Times(1 - share).PlusScaledInPlace(share, mean)).MoveToOuterDisposeScope();
    }

    /// <summary>Some of the images replaced by uniform noise.</summary>
    /// <param name="images">The images.</param>
    /// <param name="share">How many of them, 0 to 1.</param>
    public static torch.Tensor PartlyNoise(torch.Tensor images, double share)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long replaced = (long)Math.Round(share * images.shape[0]);
        torch.Tensor rest = images.narrow(0, replaced, images.shape[0] - replaced);
        return torch.cat([UniformNoise(replaced), rest]).MoveToOuterDisposeScope();
    }

    /// <summary>Pixels drawn at random.</summary>
    /// <param name="count">How many images.</param>
    public static torch.Tensor UniformNoise(long count)
    {
        using torch.Generator generator = new(3);
        return torch.randint(256, [count, 3, ImageData.Size, ImageData.Size], generator: generator, dtype: torch.uint8);
    }

    /// <summary>Every image moved to the right and down, its edge repeated.</summary>
    /// <param name="images">The images.</param>
    /// <param name="pixels">How far.</param>
    public static torch.Tensor Shifted(torch.Tensor images, long pixels)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor wide = torch.nn.functional.pad(images.to(torch.float32), [pixels, 0, pixels, 0], PaddingModes.Replicate);
        return Pixels(wide.narrow(2, 0, images.shape[2]).narrow(3, 0, images.shape[3])).MoveToOuterDisposeScope();
    }

    private static torch.Tensor Pixels(torch.Tensor bright) =>
        bright.round().ClampInPlace(0, Brightest).to(torch.uint8);
}
