using GMem.Evaluation;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Evaluation;

public sealed class CopyCheckTests
{
    // Training images at 0, 1, 3, 10 and twice at 20.
    private static readonly float[] Training = [0, 1, 3, 10, 20, 20];

    [Fact]
    public void Compute_ByMemoryIndex_ComparesWithTheOwnImage()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        CopyCheckResult result = CopyCheck.Compute(Column(Training), Column([0.5f, 3.5f, 3.5f, 20, 20.5f]), [0, 2, 0, 4, 5]);
        Assert.Equal(3, result.CopyCount);
        Assert.Equal(0.6, result.Share, 1e-12);
        Assert.True(result.ByMemoryIndex);
        Assert.Equal(
            [new CopyPair(3, 4, 0, 0),
                new CopyPair(1, 2, 0.5, 2), new CopyPair(0, 0, 0.5, 1), new CopyPair(2, 0, 3.5, 1), new CopyPair(4, 5, 0.5, 0)],
            result.Pairs);
        Assert.Contains("60.0", result.ToString(), StringComparison.Ordinal);
        Assert.Contains("their own training image", result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_WithoutIndices_ComparesWithTheNearest()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        CopyCheckResult result = CopyCheck.Compute(Column(Training), Column([12.5f, 2.5f, 40]));
        Assert.False(result.ByMemoryIndex);
        Assert.Equal([(1L, 2L, true), (0L, 3L, true), (2L, 4L, false)], result.Pairs.Select(
            p => (p.GeneratedIndex, p.TrainingIndex is 5 ? 4 : p.TrainingIndex, p.IsCopy)));
    }

    [Fact]
    public void Compute_MoreNeighbours_WidensTheBall()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.False(CopyCheck.Compute(Column(Training), Column([1.5f]), [0]).Pairs[0].IsCopy);
        Assert.Equal(new CopyPair(0, 0, 1.5, 3), CopyCheck.Compute(Column(Training), Column([1.5f]), [0], 2).Pairs[0]);
    }

    [Fact]
    public void Compute_RealImagesOfTheSameKind_AreMostlyNotCopies()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor training = TestFeatures.Normal(1200, 8, 1);
        CopyCheckResult unseen = CopyCheck.Compute(training, TestFeatures.Normal(300, 8, 2));
        CopyCheckResult memorised = CopyCheck.Compute(
            training, training.narrow(0, 0, 300).Plus(TestFeatures.Normal(300, 8, 3).Times(0.01)));
        Assert.InRange(unseen.Share, 0.2, 0.8);
        Assert.Equal(1, memorised.Share);
        Assert.Equal(
            Enumerable.Range(0, 300).Select(i => (long)i), memorised.Pairs.OrderBy(p => p.GeneratedIndex).Select(p => p.TrainingIndex));
    }

    [Fact]
    public void PairImages_NearestFirst_AlternatesGeneratedAndTraining()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        CopyCheckResult result = CopyCheck.Compute(Column(Training), Column([0.5f, 3.5f]), [0, 2]);
        torch.Tensor generated = torch.stack([Flat(100), Flat(101)]);
        torch.Tensor training = torch.stack([.. Enumerable.Range(0, 6).Select(i => Flat((byte)i))]);
        torch.Tensor pairs = result.PairImages(generated, training);
        Assert.Equal([4, 3, 2, 2], pairs.shape);
        Assert.Equal([101, 2, 100, 0], pairs.select(1, 0).select(1, 0).select(1, 0).contiguous().data<byte>().ToArray());
        Assert.Equal(2, result.PairImages(generated, training, 1).shape[0]);
        Assert.Contains("of 2 images; these are 6", Assert.Throws<ArgumentException>(
            () => result.PairImages(training, training)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_WrongIndices_SaysWhich()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor training = Column(Training);
        Assert.Contains("Memory index 1 is 6", Assert.Throws<ArgumentException>(
            () => CopyCheck.Compute(training, Column([1, 2]), [0, 6])).Message, StringComparison.Ordinal);
        Assert.Contains("1 memory indices for 2", Assert.Throws<ArgumentException>(
            () => CopyCheck.Compute(training, Column([1, 2]), [0])).Message, StringComparison.Ordinal);
    }

    private static torch.Tensor Column(float[] values) => torch.tensor(values).unsqueeze(1);

    private static torch.Tensor Flat(byte value) => TensorNumbers.Full([3, 2, 2], value, torch.uint8);
}
