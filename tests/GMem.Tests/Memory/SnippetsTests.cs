using CsCheck;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.FileFormats;
using TorchSharp;

namespace GMem.Tests.Memory;

public sealed class SnippetsTests
{
    private static readonly SnippetInterpolation[] Methods = Enum.GetValues<SnippetInterpolation>();

    [Fact]
    public void Interpolate_AnyTwo_IsOfUnitLength()
    {
        Gen<(int, double, int)> cases = Gen.Select(Gen.Int[0, 100_000], Gen.Double[-1, 2], Gen.Int[0, Methods.Length - 1]);
        cases.Sample(
            (seed, fraction, method) =>
            {
                using DisposeScope scope = torch.NewDisposeScope();
                torch.Tensor pair = TestBank.Gaussian(2, 9, seed);
                AssertUnit(Snippets.Interpolate(pair[0], pair[1].Times(30), fraction, Methods[method], seed));
            },
            iter: Fuzz.Iterations(200),
            threads: 1);
    }

    [Fact]
    public void Interpolate_Ends_AreTheTwo()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pair = Snippets.Normalize(TestBank.Gaussian(2, 9));
        foreach (SnippetInterpolation method in new[] { SnippetInterpolation.Linear, SnippetInterpolation.Spherical })
        {
            AssertClose(pair[0], Snippets.Interpolate(pair[0], pair[1], 0, method));
            AssertClose(pair[1], Snippets.Interpolate(pair[0], pair[1], 1, method));
        }
    }

    [Fact]
    public void Interpolate_Identical_GivesItself()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor row = Snippets.Normalize(TestBank.Gaussian(1, 9)[0]);
        foreach (SnippetInterpolation method in Methods)
        {
            foreach (double fraction in new[] { 0, 0.3, 0.5, 1 })
            {
                AssertClose(row, Snippets.Interpolate(row, row, fraction, method));
            }
        }
    }

    [Fact]
    public void Interpolate_Opposite_TurnsThroughAPerpendicular()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor row = Snippets.Normalize(TestBank.Gaussian(1, 9)[0]);
        foreach (SnippetInterpolation method in Methods)
        {
            foreach (double fraction in new[] { 0, 0.25, 0.5, 1 })
            {
                AssertUnit(Snippets.Interpolate(row, -row, fraction, method));
            }
        }

        foreach (double fraction in new[] { 0, 0.25, 0.5, 0.75, 1 })
        {
            torch.Tensor turned = Snippets.Interpolate(row, -row, fraction, SnippetInterpolation.Spherical);
            Assert.Equal(Math.Cos(Math.PI * fraction), turned.dot(row).item<float>(), 1e-5);
        }

        torch.Tensor half = Snippets.Interpolate(row, -row, 0.5);
        Assert.Equal(0, half.dot(row).item<float>(), 1e-6);
        AssertClose(half, Snippets.Interpolate(row, -row, 0.5, SnippetInterpolation.Spherical));
    }

    [Fact]
    public void Interpolate_AlmostParallelOrOpposite_IsContinuous()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pair = Snippets.Normalize(TestBank.Gaussian(2, 9));
        foreach (double distance in new[] { 1e-2, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8 })
        {
            torch.Tensor near = Snippets.Normalize(pair[0].Plus(pair[1].Times(distance)));
            AssertClose(pair[0], Snippets.Interpolate(pair[0], near, 0.5, SnippetInterpolation.Spherical), distance + 1e-6);
            AssertUnit(Snippets.Interpolate(pair[0], -near, 0.5, SnippetInterpolation.Spherical));
            AssertUnit(Snippets.Interpolate(pair[0], -near, 0.5, SnippetInterpolation.Linear));
        }
    }

    [Fact]
    public void Interpolate_Mask_IsOfTheSeed()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pair = TestBank.Gaussian(2, 40);
        torch.Tensor first = Snippets.Interpolate(pair[0], pair[1], 0.5, SnippetInterpolation.Mask, seed: 3);
        AssertClose(first, Snippets.Interpolate(pair[0], pair[1], 0.9, SnippetInterpolation.Mask, seed: 3));
        Assert.False(first.equal(Snippets.Interpolate(pair[0], pair[1], 0.5, SnippetInterpolation.Mask, seed: 4)).all().item<bool>());
    }

    [Fact]
    public void Interpolate_Batch_IsRowByRow()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = TestBank.Gaussian(5, 9, seed: 1);
        torch.Tensor b = torch.cat([TestBank.Gaussian(3, 9, seed: 2), a.narrow(0, 3, 1), -a.narrow(0, 4, 1)]);
        foreach (SnippetInterpolation method in Enum.GetValues<SnippetInterpolation>().Where(m => m != SnippetInterpolation.Mask))
        {
            torch.Tensor together = Snippets.Interpolate(a, b, 0.5, method);
            for (int i = 0; i < 5; i++)
            {
                AssertClose(Snippets.Interpolate(a[i], b[i], 0.5, method), together[i]);
            }
        }
    }

    [Fact]
    public void Interpolate_WrongInput_IsRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = torch.ones(4);
        torch.Tensor first = torch.tensor(new float[] { 1, 1, 0, 0 });
        torch.Tensor last = torch.tensor(new float[] { 0, 0, 1, 1 });
        Assert.Contains("[4] and [5]", Assert.Throws<ArgumentException>(() => Snippets.Interpolate(a, torch.ones(5), 0.5)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Snippets.Interpolate(a, a, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => Snippets.Interpolate(a, a, 0.5, (SnippetInterpolation)9));
        Assert.Contains("no direction", Assert.Throws<ArgumentException>(() => Snippets.Interpolate(a, torch.zeros(4), 0.5)).Message);
        ArgumentException zero =
            Assert.Throws<ArgumentException>(() => Snippets.Interpolate(last, first, 0.5, SnippetInterpolation.Concat));
        Assert.Contains("all zero", zero.Message);
        Assert.Throws<ArgumentException>(() => Snippets.Normalize(torch.ones(3, dtype: torch.int64)));
    }

    private static void AssertUnit(torch.Tensor row) => Assert.Equal(1, row.norm().item<float>(), 1e-6);

    private static void AssertClose(torch.Tensor expected, torch.Tensor actual, double tolerance = 1e-6) =>
        Assert.True((expected - actual).abs().max().item<float>() <= tolerance, $"{Text(expected)} and {Text(actual)}");

    private static string Text(torch.Tensor numbers) => $"[{string.Join(", ", numbers.cpu().to(torch.float64).data<double>())}]";
}
