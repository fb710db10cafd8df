using GMem.Backbone;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Backbone;

public sealed class ConditionDropoutTests
{
    [Fact]
    public void DropEntries_ManyEntries_KeepsTheirShareAndTheirMean()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1, torch.CPU), again = new(1, torch.CPU);
        torch.Tensor dropped = ConditionDropout.DropEntries(torch.ones([100, 400]), 0.4, generator);
        float[] values = dropped.data<float>().ToArray();
        Assert.All(values, v => Assert.True(v is 0 or (1 / 0.6f)));
        Assert.InRange(values.Count(v => v == 0) / 40_000.0, 0.39, 0.41);
        Assert.True(dropped.equal(ConditionDropout.DropEntries(torch.ones([100, 400]), 0.4, again)).all().item<bool>());
    }

    [Fact]
    public void DropEntries_ProbabilityZero_ChangesNothing()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1, torch.CPU);
        torch.Tensor snippets = TensorNumbers.Range(0, 6, torch.float64).reshape(2, 3);
        Assert.True(ConditionDropout.DropEntries(snippets, 0, generator).equal(snippets).all().item<bool>());
    }

    [Fact]
    public void DropLabels_ManyLabels_ReplacesTheirShareAndNoOther()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1, torch.CPU);
        torch.Tensor labels = TensorNumbers.Range(0, 10_000).Remainder(7);
        long[] dropped = ConditionDropout.DropLabels(labels, 7, 0.1, generator).data<long>().ToArray(),
            original = labels.data<long>().ToArray();
        Assert.InRange(dropped.Count(l => l == 7), 900, 1100);
        Assert.All(dropped.Zip(original), pair => Assert.True(pair.First == 7 || pair.First == pair.Second));
        Assert.All(ConditionDropout.DropLabels(labels, 7, 1, generator).data<long>().ToArray(), l => Assert.Equal(7, l));
    }
}
