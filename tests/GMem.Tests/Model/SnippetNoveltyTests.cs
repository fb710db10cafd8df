using GMem.Memory;
using GMem.Sampling;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

public sealed class SnippetNoveltyTests
{
    [Fact]
    public void Turned_TowardsARow_HasTheCosineAndStaysInThePlane()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = torch.tensor(new[] { 1.0, 0, 0 }), b = torch.tensor(new[] { 3.0, 4, 0 });
        torch.Tensor turned = SnippetAlgebra.Turned(a, b, 0.8, atMostHalfWay: false);
        Assert.Equal([0.8, 0.6, 0], turned.data<double>().ToArray(), (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Fact]
    public void Turned_AtMostHalfWay_StopsAtTheSphericalMiddle()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = torch.tensor(new[] { 1.0, 0, 0 }), b = torch.tensor(new[] { 0.6, 0.8, 0 });
        torch.Tensor middle = SnippetAlgebra.Spherical(a, b, 0.5);
        torch.Tensor far = SnippetAlgebra.Turned(a, b, 0.1, atMostHalfWay: true);
        torch.Tensor near = SnippetAlgebra.Turned(a, b, 0.95, atMostHalfWay: true);
        Assert.Equal(middle.data<double>().ToArray(), far.data<double>().ToArray(), (x, y) => Math.Abs(x - y) < 1e-12);
        Assert.Equal(0.95, near[0].item<double>(), 1e-12);
        Assert.Equal([1.0, 0, 0], SnippetAlgebra.Turned(a, a, 0.1, atMostHalfWay: true).data<double>().ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Generate_DrawnEntries_AreTurnedByTheirSeedAlone(int neighbours)
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 40));
        using GMemModel turned = model.WithSampling(
            new SamplingOptions { Steps = 3, Novelty = new SnippetNovelty { Cosine = 0.6, Neighbours = neighbours } });
        GenerationRequest[] drawn = [new(1), new(2), new(3)];
        byte[][] together = TinyModel.Generate(turned, drawn);
        Assert.All(drawn.Select((r, i) => (r, i)), p => Assert.Equal(together[p.i], TinyModel.Generate(turned, p.r)[0]));
        Assert.NotEqual(TinyModel.Generate(model, drawn), together);
        Assert.Equal(model.EntryOf(new(2)), turned.EntryOf(new(2)));

        // What is asked for by name is what it is.
        long index = model.EntryOf(new(2))!.Value.Index;
        GenerationRequest named = new(2, index);
        Assert.Equal(TinyModel.Generate(model, named), TinyModel.Generate(turned, named));
        IReadOnlyList<float> cosines = turned.NearestCosines([new(1), named]);
        Assert.InRange(cosines[0], 0.59f, 0.9999f);
        Assert.Equal(1, cosines[1]);
    }

    [Fact]
    public void SaveThenLoad_Novelty_IsKept()
    {
        using GMemModel model = TinyModel.Train();
        using GMemModel turned = model.WithSampling(new SamplingOptions { Steps = 3, Novelty = new SnippetNovelty { Cosine = 0.7 } });
        MemoryArchive archive = new();
        turned.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(new SnippetNovelty { Cosine = 0.7 }, loaded.Sampling.Novelty);
        Assert.Equal(TinyModel.Generate(turned, new(1), new(2)), TinyModel.Generate(loaded, new(1), new(2)));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1.01, 0)]
    [InlineData(0.5, -1)]
    public void Validate_OutOfRange_IsNamed(double cosine, int neighbours)
    {
        SamplingOptions options = new() { Novelty = new SnippetNovelty { Cosine = cosine, Neighbours = neighbours } };
        Assert.Contains(
            neighbours < 0 ? "the novelty's Neighbours is -1" : FormattableString.Invariant($"the novelty's Cosine is {cosine}"),
            Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }
}
