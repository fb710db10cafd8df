using GMem.Runtime;
using GMem.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class GuidanceTests
{
    private readonly List<long> _rows = [];

    [Theory]
    [InlineData(0.1, 2, new[] { 2.0, 2 })]
    [InlineData(0.3, 4, new[] { 5.0, 5 })]
    [InlineData(0.5, 4, new[] { 5.0, 5 })]
    [InlineData(0.8, 4, new[] { 5.0, 5 })]
    [InlineData(0.9, 2, new[] { 1.0, 1 })]
    public void Predict_WithAnInterval_RunsOnlyThePassesItNeeds(double time, long rows, double[] expected)
    {
        // Conditional 2, unconditional 1, scale 4: guided 5. Bounds lie inside.
        using DisposeScope scope = NewDisposeScope();
        Guidance guidance = new(4, 0.3, 0.8);
        Tensor actual = guidance.Predict(Network, zeros(2, 1), TensorNumbers.Full([2], time), TensorNumbers.Full([2, 1], 2), ones(1, 1));
        Assert.Equal([rows], _rows);
        Assert.Equal(expected, actual.to(ScalarType.Float64).data<double>().ToArray());
        _rows.Clear();
        using Tensor sameAtOneTime = guidance.PredictAt(
            Network, zeros(2, 1, dtype: ScalarType.Float64), time, TensorNumbers.Full([2, 1], 2), ones(1, 1));
        Assert.Equal([rows], _rows);
        Assert.Equal(expected, sameAtOneTime.data<double>().ToArray());
    }

    [Fact]
    public void Predict_RowsWithTheirOwnTimes_AreDecidedRowByRow()
    {
        using DisposeScope scope = NewDisposeScope();
        Guidance guidance = new(4, 0.3, 0.8);
        Tensor condition = tensor(new double[] { 2, 3, 4, 5, 6 }).view(5, 1), nothing = tensor(new double[] { 1, 1, 2, 1, 3 }).view(5, 1);
        Tensor actual = guidance.Predict(
            Network, zeros(5, 1, dtype: ScalarType.Float64), tensor(new[] { 0.1, 0.5, 0.9, 0.2, 0.6 }), condition, nothing);
        Assert.Equal([2, 1 + (4 * 2), 2, 5, 3 + (4 * 3)], actual.data<double>().ToArray());
        Assert.Equal([1, 2, 4], _rows.Order());
    }

    [Fact]
    public void Predict_WithoutGuidance_RunsOnlyTheConditionalPass()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor actual = new Guidance(1, 0.3, 0.8)
            .Predict(Network, zeros(2, 1), TensorNumbers.Full([2], 0.9), TensorNumbers.Full([2, 1], 2));
        Assert.Equal([2L], _rows);
        Assert.True(actual.IsEqualTo(2).all().item<bool>());
        Assert.False(Guidance.None.IsActive);
    }

    [Fact]
    public void Predict_SomeChannels_LeavesTheOthersConditional()
    {
        using DisposeScope scope = NewDisposeScope();
        NetworkFunction network = (x, t, c) => x.Plus(c!.view(-1, 1, 1));
        Tensor actual = new Guidance(4, channels: 2).Predict(network, zeros(1, 3, 1), zeros(1), tensor(new[] { 2f }), tensor(new[] { 1f }));
        Assert.Equal([5f, 5f, 2f], actual.data<float>().ToArray());
    }

    [Fact]
    public void Predict_Labels_AreConcatenatedAsTheyAre()
    {
        using DisposeScope scope = NewDisposeScope();
        NetworkFunction network = (x, t, c) =>
        {
            Assert.Equal(ScalarType.Int64, c!.dtype);
            return x.Plus(c.view(-1, 1).to(x.dtype));
        };
        Tensor actual = new Guidance(2).Predict(network, zeros(2, 1), zeros(2), tensor(new long[] { 3, 4 }), tensor(new long[] { 10 }));
        Assert.Equal([-4f, -2f], actual.data<float>().ToArray());
    }

    [Fact]
    public void Predict_ConditionsThatAreMissing_AreNamed()
    {
        using DisposeScope scope = NewDisposeScope();
        Guidance guidance = new(4);
        Tensor x = zeros(2, 1), t = zeros(2);
        Assert.Throws<ArgumentException>("condition", () => guidance.Predict(Network, x, t, null, ones(1, 1)));
        Assert.Throws<ArgumentException>("condition", () => guidance.Predict(Network, x, t, ones(3, 1), ones(1, 1)));
        ArgumentException error = Assert.Throws<ArgumentException>("nullCondition", () => guidance.Predict(Network, x, t, ones(2, 1)));
        Assert.StartsWith("Guidance of scale 4 needs a null condition for 2 rows (or one for all); given was none.",
            error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("nullCondition", () => guidance.Predict(Network, x, t, ones(2, 1), ones(3, 1)));
        Assert.Throws<InvalidOperationException>(() => guidance.Predict((_, _, _) => ones(5), x, t, ones(2, 1), ones(1, 1)));
        Assert.Throws<ArgumentOutOfRangeException>("scale", () => new Guidance(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("intervalStart", () => new Guidance(2, 0.8, 0.3));
        Assert.Throws<ArgumentOutOfRangeException>("channels", () => new Guidance(2, channels: 0));
    }

    [Fact]
    public void Predict_Called_LeavesOnlyItsResult()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = zeros(3, 4), c = ones(3, 1), nothing = zeros(1, 1), t = tensor(new[] { 0.1f, 0.5f, 0.9f });
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        foreach (Guidance guidance in new Guidance[] { new(1), new(3), new(
            3, channels: 2), new(3, 0.3, 0.8), new(3, 0.95), new(3, null, 0.05) })
        {
            guidance.Predict(Network, x, t, c, nothing).Dispose();
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    private Tensor Network(Tensor x, Tensor t, Tensor? condition)
    {
        _rows.Add(x.size(0));
        return x.Plus(condition!);
    }
}
