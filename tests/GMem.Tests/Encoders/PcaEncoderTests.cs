using GMem.Encoders;
using GMem.Images;
using GMem.Runtime;
using GMem.Tests.Parts;
using TorchSharp;

namespace GMem.Tests.Encoders;

public sealed class PcaEncoderTests
{
    /// <summary>Images whose pixels are random mixtures of a few smooth patterns and some noise.</summary>
    private static torch.Tensor Images(int count, int side, int seed = 1)
    {
        using torch.Generator generator = new((ulong)seed, torch.CPU);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor patterns = torch.randn(6, 3 * side * side, generator: generator);
        torch.Tensor mixed = torch.randn(count, 6, generator: generator)
            .mm(patterns).Plus(torch.randn(count, 3 * side * side, generator: generator).Times(0.5));
        return mixed.Times(20).Plus(120).Clamped(0, 255).to(torch.uint8).reshape(count, 3, side, side).MoveToOuterDisposeScope();
    }

    [Theory]
    [InlineData(400, 6)]
    [InlineData(60, 6)]
    public void Fit_AgainstTheSvdOfAllRows_FindsTheSameComponents(int count, int side)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor images = Images(count, side);
        using PcaEncoder encoder = PcaEncoder.Fit(images, 10);
        torch.Tensor x = images.to(torch.float64).reshape(count, -1);
        torch.Tensor mean = x.mean([0], keepdim: true);
        (_, torch.Tensor s, torch.Tensor vt) = torch.linalg.svd(x - mean, fullMatrices: false);
        torch.Tensor components = encoder.SaveTensors()["components"].to(torch.float64);
        torch.Tensor cosines = (components * vt.narrow(0, 0, 10)).sum(1).abs();
        Assert.InRange(cosines.min().item<double>(), 1 - 1e-6, 1 + 1e-6);
        Assert.InRange((encoder.SaveTensors()["mean"] - mean).abs().max().item<double>(), 0, 1e-6);
        Assert.Equal((s * s).narrow(0, 0, 10).sum().item<double>() / (s * s).sum().item<double>(), encoder.CapturedVariance, 1e-6);
        torch.Tensor largest = components.gather(1, components.abs().argmax(1, keepdim: true));
        Assert.True(largest.IsAbove(0).all().item<bool>());

        torch.Tensor expected = torch.nn.functional.normalize((x - mean).mm(components.t()), 2, 1);
        Assert.InRange((encoder.Encode(images) - expected).abs().max().item<double>(), 0, 1e-6);
    }

    [Fact]
    public void Encode_AnyBatch_GivesTheSameBits()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor images = Images(150, 16);
        using PcaEncoder encoder = PcaEncoder.Fit(images, 40);
        torch.Tensor all = encoder.Encode(images);
        Assert.Equal([150, 40], all.shape);
        Assert.InRange(all.norm(1).Plus(-1).abs().max().item<float>(), 0, 1e-6);
        for (int batch = 1; batch < 150; batch += batch < 8 ? 1 : 37)
        {
            for (int start = 0; start + batch <= 150; start += 29)
            {
                torch.Tensor some = encoder.Encode(images.narrow(0, start, batch));
                Assert.True(some.equal(all.narrow(0, start, batch)).all().item<bool>(), $"rows {start} to {start + batch}");
            }
        }
    }

    [Fact]
    public void Fit_Twice_GivesTheSameBits()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor images = Images(300, 8);
        using PcaEncoder first = PcaEncoder.Fit(images);
        using PcaEncoder second = PcaEncoder.Fit(images);
        Assert.True(first.Encode(images).equal(second.Encode(images)).all().item<bool>());
    }

    [Theory]
    [InlineData(0, 16, "Dimension")]
    [InlineData(-1, 16, "Dimension")]
    [InlineData(8, 0, "MaxSide")]
    [InlineData(8, PcaEncoder.LargestSide + 1, "MaxSide")]
    public void Trainer_OutOfRange_NamesTheOption(int dimension, int maxSide, string name) => Assert.Equal(
        name,
        Assert.Throws<ArgumentOutOfRangeException>(() => new PcaEncoderTrainer { Dimension = dimension, MaxSide = maxSide }).ParamName);

    [Fact]
    public void Trainer_AtTheEndsOfTheRanges_IsTaken() =>
        Assert.Equal(PcaEncoder.LargestSide, new PcaEncoderTrainer { Dimension = 1, MaxSide = PcaEncoder.LargestSide }.MaxSide);

    [Fact]
    public void Fit_FewerImagesThanComponents_ReducesTheDimensionAndSaysSo()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using PcaEncoder encoder = PcaEncoder.Fit(Images(12, 8), 128);
        Assert.Equal(128, encoder.RequestedDimension);
        Assert.Equal(11, encoder.Dimension);
        Assert.Equal(1, encoder.CapturedVariance, 1e-9);
        Assert.Equal([3, 11], encoder.Encode(Images(3, 8, seed: 2)).shape);
    }

    [Fact]
    public void Fit_ImagesOfLowRank_KeepsOnlyRealDirections()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor level = TensorNumbers.Range(0, 250).reshape(250, 1, 1, 1).expand(250, 3, 4, 4).to(torch.uint8).contiguous();
        using PcaEncoder encoder = PcaEncoder.Fit(level, 16);
        Assert.Equal(1, encoder.Dimension);
    }

    [Fact]
    public void Fit_EqualImages_SaysSo()
    {
        using torch.Tensor images = TensorNumbers.Full([5, 3, 4, 4], 9, torch.uint8);
        Assert.StartsWith(
            "All 5 images are equal", Assert.Throws<ArgumentException>(() => PcaEncoder.Fit(images)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => PcaEncoder.Fit(images, 0));
    }

    [Fact]
    public void Encode_TheMeanImage_GivesTheUnitVectorOfEqualEntries()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor half = Images(40, 8).to(torch.float32).Clamped(0, 100).to(torch.uint8);
        torch.Tensor images = torch.cat([half, half.Filled(200) - half]);
        using PcaEncoder encoder = PcaEncoder.Fit(images, 25);
        torch.Tensor snippet = encoder.Encode(TensorNumbers.Full([1, 3, 8, 8], 100, torch.uint8));
        Assert.All(snippet.data<float>().ToArray(), v => Assert.Equal(0.2f, v));
    }

    [Theory]
    [InlineData(PcaEncoder.DefaultMaxSide)]
    [InlineData(8)]
    [InlineData(PcaEncoder.LargestSide)]
    public void Encode_LargeImages_AreAveragedDown(int side)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor small = Images(40, side);
        torch.Tensor large = small.repeat_interleave(3, 2).repeat_interleave(2, 3);
        using PcaEncoder encoder = PcaEncoder.Fit(large, 20, side);
        Assert.Equal(side, encoder.Side);
        Assert.True(encoder.Encode(large).equal(encoder.Encode(small)).all().item<bool>());
        Assert.StartsWith(
            $"Images of {side - 1} x {side - 1} are smaller",
            Assert.Throws<ArgumentException>(() => encoder.Encode(Images(1, side - 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_SmallImages_AreComparedAsTheyAre()
    {
        using torch.Tensor images = Images(10, 5);
        using PcaEncoder encoder = PcaEncoder.Fit(images, 4);
        Assert.Equal(5, encoder.Side);
        Assert.Throws<ArgumentOutOfRangeException>(() => PcaEncoder.Fit(images, 4, PcaEncoder.LargestSide + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PcaEncoder.Fit(images, 4, 0));
    }

    [Fact]
    public void Load_WhatWasSaved_EncodesToTheSameBits()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor images = Images(50, 8);
        using PcaEncoder encoder = PcaEncoder.Fit(images, 20);
        using SnippetEncoder loaded = PartCopy.Of<SnippetEncoder>(encoder);
        Assert.Equal(encoder.Dimension, loaded.Dimension);
        Assert.True(loaded.Encode(images).equal(encoder.Encode(images)).all().item<bool>());
    }

    [Fact]
    public void Load_DamagedParts_SaysWhich()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using PcaEncoder encoder = PcaEncoder.Fit(Images(50, 8), 20);
        IReadOnlyDictionary<string, torch.Tensor> saved = encoder.SaveTensors();
        Dictionary<string, torch.Tensor> With(string name, torch.Tensor tensor) => new(saved) { [name] = tensor };
        string Error(string json, IReadOnlyDictionary<string, torch.Tensor> tensors) =>
            Assert.Throws<InvalidDataException>(() => PartCopy.Of<SnippetEncoder>(encoder, json, tensors)).Message;

        string json = encoder.SaveConfiguration().ToString();
        Assert.StartsWith("The configuration of a part cannot be read. It is not JSON", Error("{", saved), StringComparison.Ordinal);
        Assert.Contains("requestedDimension", Error("{}", saved), StringComparison.Ordinal);
        Assert.Contains(
            "'fresh' is not known", Error(json.Replace("{", "{\"fresh\": 1, ", StringComparison.Ordinal), saved), StringComparison.Ordinal);
        Assert.Contains(
            "out of range", Error(json.Replace("\"side\":8", "\"side\":33", StringComparison.Ordinal), saved), StringComparison.Ordinal);
        Assert.Contains(
            "The tensor 'components' of the part 'pca' version 1 is missing",
            Error(json, new Dictionary<string, torch.Tensor> { ["mean"] = saved["mean"] }),
            StringComparison.Ordinal);
        Assert.Matches(@"mean (\w+ )?\[2\]", Error(json, With("mean", torch.zeros(2, dtype: torch.float64))));
        Assert.Contains("not finite", Error(json, With("mean", saved["mean"].Filled(double.NaN))), StringComparison.Ordinal);
    }

    [Fact]
    public void FitEncodeAndDispose_LeakNoTensors()
    {
        using torch.Tensor images = Images(70, 8);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (PcaEncoder encoder = PcaEncoder.Fit(images, 20))
        {
            encoder.Encode(images).Dispose();
            long between = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            encoder.Encode(images).Dispose();
            Assert.Equal(between, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            PartCopy.Of<SnippetEncoder>(encoder).Dispose();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Encode_MirroredImages_DifferFromTheOriginals()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor images = Images(50, 8);
        using PcaEncoder encoder = PcaEncoder.Fit(images, 20);
        torch.Tensor flipped = ImageTensors.FlipHorizontally(images);
        Assert.False(encoder.Encode(flipped).allclose(encoder.Encode(images), atol: 1e-2));
        Assert.True(encoder.Encode(ImageTensors.FlipHorizontally(flipped)).equal(encoder.Encode(images)).all().item<bool>());
    }
}
