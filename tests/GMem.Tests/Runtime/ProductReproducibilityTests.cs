using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Runtime;

[Collection(nameof(OperatorThreads))]
public sealed class ProductReproducibilityTests
{
    /// <summary>.NET's copy of the environment shows what the user set; only the native one has what was set after the start.</summary>
    [Fact]
    public void Current_IsStrictOnIntelOrElseTheUsersOwn()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has one environment only");
        string? users = Environment.GetEnvironmentVariable("MKL_CBWR");
        Assert.Equal(users ?? (ProductReproducibility.IsIntel() ? "AUTO,STRICT" : null), ProductReproducibility.Current());
    }

    /// <summary>
    /// Sums as long as those of an S network's MLP. Of few rows MKL would share them among threads on Intel's processors. What a model's
    /// user sees, SiTBatchIndependenceTests hold everywhere.
    /// </summary>
    [Theory]
    [InlineData(1024)]
    [InlineData(1536)]
    [InlineData(4608)]
    public void Linear_AnyNumberOfRowsAndThreads_GivesEachRowTheSameBits(int inputs)
    {
        Assert.SkipUnless(ProductReproducibility.IsIntel(), "MKL's mode is set on Intel's processors only");
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradients = torch.no_grad();
        using torch.Generator generator = new(7);
        torch.Tensor rows = torch.randn([512, inputs], generator: generator), weight = torch.randn(
            [384, inputs], generator: generator), bias = torch.randn([384], generator: generator);
        torch.Tensor? expected = null;
        foreach (int threads in new[] { 1, 2, 4 })
        {
            OperatorThreads.Run(threads, () =>
            {
                foreach (int count in new[] { 512, 16, 60, 64, 128, 192, 256 })
                {
                    torch.Tensor result = torch.nn.functional.linear(rows.narrow(0, 0, count), weight, bias);
                    expected ??= result;
                    Assert.True(result.equal(expected.narrow(0, 0, count)).all().item<bool>(), $"{count} rows on {threads} threads");
                }
            });
        }
    }
}
