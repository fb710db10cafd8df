using GMem.Autoencoders;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Autoencoders;

public sealed class DiagonalGaussianTests
{
    private const double Relative = 1e-5;

    [Fact]
    public void Distribution_Reference_IsEqual()
    {
        IReadOnlyList<string> files = KlReference.Gaussians();
        foreach (string path in files)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using TrackedFile file = new(path);
            DiagonalGaussian first = new(file.Read("moments")), second = new(file.Read("other_moments"));
            DiagonalGaussian deterministic = new(file.Read("moments"), deterministic: true);
            torch.Tensor noise = file.Read("noise");
            file.Compare("mean", () => first.Mean, 0, Relative);
            file.Compare("mode", () => first.Mean, 0, Relative);
            file.Compare("logvar", () => first.LogVariance, 0, Relative);
            file.Compare("std", () => first.StandardDeviation, 0, Relative);
            file.Compare("var", () => first.Variance, 0, Relative);
            file.Compare("sample", () => first.Sample(noise), 0, Relative);
            file.Compare("kl", () => first.KullbackLeibler(), 0, Relative);
            file.Compare("other_kl", () => second.KullbackLeibler(), 0, Relative);
            file.Compare("kl_to_other", () => first.KullbackLeibler(second), 0, Relative);
            file.Compare("nll_of_mean_other", () => second.NegativeLogLikelihood(first.Mean), 0, Relative);
            file.Compare("det_std", () => deterministic.StandardDeviation, 0, Relative);
            file.Compare("det_sample", () => deterministic.Sample(noise), 0, Relative);
            file.Compare("det_kl", () => deterministic.KullbackLeibler().narrow(0, 0, 1), 0, Relative); // recorded for the batch as a whole
            file.AssertAllRead();
        }

        ReferenceFolder.RequireCases(KlReference.Folder, files, "distributions");
    }

    [Fact]
    public void KullbackLeibler_OfEqualDistributions_IsZeroAndOtherwiseTheClosedForm()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        DiagonalGaussian standard = new(torch.zeros(1, 2, 1, 1, dtype: torch.float64));
        DiagonalGaussian other = new(torch.tensor(new[] { 3.0, Math.Log(4.0) }).reshape(1, 2, 1, 1));
        Assert.Equal(0, standard.KullbackLeibler(standard).item<double>(), 1e-12);
        Assert.Equal(Math.Log(2) + ((1 + 9) / 8.0) - 0.5, standard.KullbackLeibler(other).item<double>(), 1e-12);
        Assert.Equal(other.KullbackLeibler(standard).item<double>(), other.KullbackLeibler().item<double>(), 1e-12);
    }

    [Fact]
    public void Sample_SameSeed_GivesTheSameNumbersInEveryType()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor moments = torch.zeros(1, 4, 3, 3);
        torch.Tensor Draw(torch.ScalarType type)
        {
            using torch.Generator generator = RandomStream.Create(5, RandomPurpose.Weights);
            return new DiagonalGaussian(moments.to(type)).Sample(generator);
        }

        Assert.True(Draw(torch.ScalarType.Float32).equal(Draw(torch.ScalarType.Float32)).all().item<bool>());
        Assert.True(Draw(torch.ScalarType.Float32).to(torch.float64).equal(Draw(torch.ScalarType.Float64)).all().item<bool>());
    }

    [Theory]
    [InlineData(1, 3, 2, 2)]
    [InlineData(1, 0, 2, 2)]
    public void Constructor_OddChannels_AreRefused(long batch, long channels, long height, long width)
    {
        using torch.Tensor moments = torch.zeros(batch, channels, height, width);
        ArgumentException error = Assert.Throws<ArgumentException>(() => new DiagonalGaussian(moments));
        Assert.Contains(
            $"Moments must be [B, 2 * C, h, w]; got [{batch}, {channels}, {height}, {width}].", error.Message, StringComparison.Ordinal);
    }
}
