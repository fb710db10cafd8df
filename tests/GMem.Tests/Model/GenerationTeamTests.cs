using GMem.Backbone;
using GMem.Tests.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Alone: another test that generates would find the team busy, or keep it so.</summary>
[Collection(nameof(OperatorThreads))]
public sealed class GenerationTeamTests
{
    private static readonly SiTOptions Network = new() { HiddenSize = 32 };

    [Theory]
    [InlineData(1, 5, 1)]
    [InlineData(2, 1, 1)]
    [InlineData(2, 5, 2)]
    [InlineData(8, 9, 4)]
    public void Run_OfImages_EachOnceOnAsManyThreads(int threads, int count, int members) => OperatorThreads.Run(threads, () =>
    {
        int[] made = new int[count];
        List<(int Thread, int OperatorThreads)> by = [];
        GenerationTeam.Run(Network, torch.CPU, count, (begin, length) =>
        {
            for (int i = begin; i < begin + length; i++)
            {
                _ = Interlocked.Increment(ref made[i]);
            }

            lock (by)
            {
                by.Add((Environment.CurrentManagedThreadId, torch.get_num_threads()));
            }
        });
        Assert.All(made, m => Assert.Equal(1, m));
        Assert.Equal(members, by.Select(b => b.Thread).Distinct().Count());
        Assert.All(by, b => Assert.Equal(threads / members, b.OperatorThreads));
        Assert.Equal(members == 1, by[0].Thread == Environment.CurrentManagedThreadId);
    });

    [Fact]
    public void Run_WhileTheTeamIsBusyOrBitsWouldDependOnIt_WorksAlone() => OperatorThreads.Run(2, () =>
    {
        // The team's own threads ask for it here: it is busy with them.
        List<int> calls = [];
        GenerationTeam.Run(Network, torch.CPU, 2, (_, _) => GenerationTeam.Run(Network, torch.CPU, 4, (begin, length) =>
        {
            lock (calls)
            {
                calls.Add(length);
            }
        }));
        Assert.Equal([4, 4], calls);

        GenerationTeam.Run(new SiTOptions { HiddenSize = 36 }, torch.CPU, 4, (begin, length) => calls.Add(length));
        GenerationTeam.Run(Network, torch.META, 4, (begin, length) => calls.Add(length));
        Assert.Equal([4, 4, 4, 4], calls);
    });

    [Fact]
    public void Generate_OnSeveralThreads_SameImagesAndCancellationAndLaterCallsWork()
    {
        using GMemModel model = TinyModel.Train();
        GenerationRequest[] requests = [.. Enumerable.Range(0, 7).Select(seed => new GenerationRequest(seed))];
        byte[][] One(int threads)
        {
            byte[][] images = [];
            OperatorThreads.Run(threads, () => images = TinyModel.Generate(model, requests));
            return images;
        }

        byte[][] alone = One(1);
        Assert.Equal(alone, One(2));
        Assert.Equal(alone, One(4));
        OperatorThreads.Run(
            2, () => Assert.Throws<OperationCanceledException>(() => model.Generate(requests, new CancellationToken(canceled: true))));
        Assert.Equal(alone, One(2));
    }
}
