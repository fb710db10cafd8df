using GMem.Images;
using TorchSharp;

namespace GMem.Tests.Images;

public sealed class PictureTransformTests
{
    [Fact]
    public void Apply_Zeros_IsTheIdentityBitForBit()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pictures = Pictures(4, 3, 6, 10);
        torch.Tensor parameters = Parameters(4);
        parameters[2, PictureTransform.Brightness] = torch.tensor(1f);
        torch.Tensor made = PictureTransform.Apply(pictures, parameters);
        Assert.True(made[0].Equals(pictures[0]) && made[3].Equals(pictures[3]));
        Assert.False(made[2].Equals(pictures[2]));
    }

    [Theory]
    [InlineData(PictureTransform.HorizontalFlip, 3)]
    [InlineData(PictureTransform.VerticalFlip, 2)]
    public void Apply_Flip_MirrorsExactly(int parameter, int dimension) =>
        Require(3, 6, 10, p => p[parameter] = 1, x => x.flip(dimension));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Apply_QuarterTurnClockwise_MovesEveryPixelOfASquareExactly(int channels) => Require(
        channels, 8, 8, p => (p[PictureTransform.Rotation], p[PictureTransform.Rotation + 1]) = (-1, 1), x => x.rot90(-1, (2, 3)));

    [Fact]
    public void Apply_HalfTurnOfARectangle_IsBothFlips() =>
        Require(3, 6, 10, p => p[PictureTransform.Rotation] = -2, x => x.flip(2, 3));

    /// <summary>Two pixels right and one up; what comes in is the mirror image of the edge.</summary>
    [Fact]
    public void Apply_ShiftByPixels_MovesThemAndMirrorsTheEdge() => Require(
        3, 6, 10, p => (p[PictureTransform.Translation], p[PictureTransform.Translation + 1]) = (0.2f, -1f / 6), x =>
        {
            torch.Tensor right = torch.cat([x.narrow(3, 0, 2).flip(3), x.narrow(3, 0, 8)], 3);
            return torch.cat([right.narrow(2, 1, 5), right.narrow(2, 5, 1)], 2);
        });

    /// <summary>Bilinear interpolation of a ramp is the ramp: its slope shows scale and stretch.</summary>
    [Theory]
    [InlineData(PictureTransform.Scaling, 1f, 0.5)]
    [InlineData(PictureTransform.Stretching, 2f, 0.5)]
    [InlineData(PictureTransform.Stretching, -2f, 2)]
    public void Apply_ScaleAndStretch_ChangeTheSlopeOfARamp(int parameter, float value, double slope)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        byte[] values = [.. Enumerable.Range(0, 16).Select(i => (byte)(10 * i))];
        torch.Tensor ramp = torch.tensor(values).view(1, 1, 1, 16).expand(1, 1, 16, 16).contiguous();
        torch.Tensor parameters = Parameters(1);
        parameters[0, parameter] = torch.tensor(value);
        byte[] row = [.. PictureTransform.Apply(ramp, parameters)[0, 0, 8].data<byte>()];
        Assert.Equal(10 * slope, (row[9] - row[6]) / 3.0, 0.34);
        Assert.Equal(150, row[8] + row[7], 1.01);
    }

    [Theory]
    [InlineData(PictureTransform.Brightness, 0.2f)]
    [InlineData(PictureTransform.Contrast, -1f)]
    [InlineData(PictureTransform.Saturation, 1f)]
    public void Apply_Colour_IsTheClosedFormAndKeepsAlpha(int parameter, float value)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pictures = Pictures(1, 4, 5, 7);
        torch.Tensor parameters = Parameters(1);
        parameters[0, parameter] = torch.tensor(value);
        torch.Tensor made = PictureTransform.Apply(pictures, parameters);
        Assert.True(made[0, 3].Equals(pictures[0, 3]));
        double[][] before = [.. Enumerable.Range(0, 3).Select(c => Doubles(pictures[0, c]))];
        for (int c = 0; c < 3; c++)
        {
            double[] expected = [.. before[c].Select((x, i) => parameter switch
            {
                PictureTransform.Brightness => x + (127.5 * value),
                PictureTransform.Contrast => 127.5 + ((x - 127.5) * Math.Pow(2, value)),
                _ => Grey(before, i) + ((x - Grey(before, i)) * Math.Pow(2, value)),
            })];
            Assert.All(expected.Zip(Doubles(made[0, c])), p => Assert.Equal(Math.Clamp(p.First, 0, 255), p.Second, 0.51));
        }

        static double Grey(double[][] x, int i) => (0.299 * x[0][i]) + (0.587 * x[1][i]) + (0.114 * x[2][i]);
    }

    [Fact]
    public void Apply_OfABatch_GivesEachPictureWhatItGetsAlone()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(4);
        torch.Tensor pictures = Pictures(5, 3, 8, 8);
        torch.Tensor parameters = torch.randn([5, PictureTransform.ParameterCount], generator: generator).mul_(torch.tensor(0.2f));
        torch.Tensor together = PictureTransform.Apply(pictures, parameters);
        for (int i = 0; i < 5; i++)
        {
            torch.Tensor alone = PictureTransform.Apply(pictures.narrow(0, i, 1), parameters.narrow(0, i, 1).contiguous());
            Assert.True(together.narrow(0, i, 1).Equals(alone));
        }
    }

    private static void Require(
        int channels, int height, int width, Action<float[]> change, Func<torch.Tensor, torch.Tensor> expected)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pictures = Pictures(2, channels, height, width);
        float[] one = new float[PictureTransform.ParameterCount];
        change(one);
        torch.Tensor parameters = torch.tensor((float[])[.. one, .. one], [2, PictureTransform.ParameterCount]);
        Assert.True(PictureTransform.Apply(pictures, parameters).Equals(expected(pictures)));
    }

    private static torch.Tensor Parameters(int count) => torch.zeros(count, PictureTransform.ParameterCount);

    private static double[] Doubles(torch.Tensor bytes) => [.. bytes.to(torch.float64).contiguous().data<double>()];

    private static torch.Tensor Pictures(int count, int channels, int height, int width)
    {
        using torch.Generator generator = new(7);
        return torch.randint(0, 256, [count, channels, height, width], dtype: torch.uint8, generator: generator);
    }
}
