using GMem.Encoders.DinoV2;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Encoders.DinoV2;

public sealed class BicubicResizeTests
{
    [Theory]
    [InlineData(7, 9, 7, 9)]
    [InlineData(7, 9, 14, 5)]
    [InlineData(1, 3, 14, 28)]
    [InlineData(40, 31, 14, 28)]
    public void Apply_InDouble_EqualsLibtorch(long height, long width, long newHeight, long newWidth)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(3, torch.CPU);
        torch.Tensor images = torch.randn([2, 3, height, width], dtype: torch.float64, generator: generator);
        torch.Tensor expected = torch.nn.functional.interpolate(
            images, [newHeight, newWidth], mode: torch.InterpolationMode.Bicubic, align_corners: false);
        // The scale in single precision moves a coordinate by less than 40 * 2^-24 cells.
        ReferenceFolder.Close(BicubicResize.Apply(images, newHeight, newWidth), expected, 2e-5, 0, "bicubic");
    }

    [Fact]
    public void Kernel_Weights_SumToOneAndStayInside()
    {
        foreach ((long input, long output) in new[] { (256L, 224L), (32L, 224L), (1L, 14L), (1000L, 14L) })
        {
            (long[][] sources, double[][] weights) = BicubicResize.Kernel(input, output);
            for (long i = 0; i < output; i++)
            {
                Assert.Equal(1, weights.Sum(tap => tap[i]), 1e-12);
                Assert.All(sources, tap => Assert.InRange(tap[i], 0, input - 1));
            }
        }
    }

    [Fact]
    public void Apply_FloatAndDouble_Agree()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(3, torch.CPU);
        torch.Tensor images = torch.randn([1, 3, 50, 61], generator: generator);
        ReferenceFolder.Close(
            BicubicResize.Apply(images, 28, 42), BicubicResize.Apply(images.to(torch.float64), 28, 42), 1e-5, 0, "float32");
    }
}
