using GMem.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Runtime;

/// <summary>Alone: constant collection slows every test beside it.</summary>
[CollectionDefinition(nameof(TensorNumbersTests), DisableParallelization = true)]
[Collection(nameof(TensorNumbersTests))]
public sealed class TensorNumbersTests
{
    [Fact]
    public void Methods_OfSmallTensors_AreTheArithmeticTheyAreNamedAfter()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new double[] { 1, -2 }), y = tensor(new double[] { 10, 20 });
        void Check(double[] expected, Tensor actual) => Assert.Equal(expected, actual.data<double>().ToArray());
        Check([3, -6], x.Times(3));
        Check([3, -6], x.clone().TimesInPlace(3));
        Check([1.5, -1.5], x.clone().PlusInPlace(0.5));
        Check([11, 18], x.Plus(y));
        Check([11, 18], x.clone().PlusInPlace(y));
        Check([1, 4], x.Squared());
        Check([2, -1], x.OnePlus());
        Check([0, 3], x.OneMinus());
        Check([-4, -12], x.PlusScaled(-0.5, y));
        Check([-4, -12], x.clone().PlusScaledInPlace(-0.5, y));
        Check([11, -42], x.PlusProduct(x, y));
        Check([7, 7, 7], x.Filled(3, 7));
        Assert.Equal(ScalarType.Float64, x.Filled(1, 0).dtype);
        Check([1, -2], x);
    }

    /// <summary>With numbers handed to TorchSharp directly, this fails some five times in 200,000 products.</summary>
    [Fact]
    public void Times_WhileGarbageIsCollectedAllTheTime_NeverLosesItsNumber()
    {
        using DisposeScope scope = NewDisposeScope();
        using CancellationTokenSource stop = new();
        Thread collector = new(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.IsBackground = true;
        collector.Start();
        try
        {
            Tensor x = ones(4);
            for (int i = 0; i < 30_000; i++)
            {
                using Tensor product = x.Times(3), sum = product.Plus(x);
                Assert.Equal(4f, sum.data<float>()[0]);
            }
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }
    }
}
