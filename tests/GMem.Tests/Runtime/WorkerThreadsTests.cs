using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Runtime;

[Collection(nameof(OperatorThreads))]
public sealed class WorkerThreadsTests
{
    [Fact]
    public void Run_AgainAndAgain_EachThreadOnceWithItsOperatorThreads() => OperatorThreads.Run(3, () =>
    {
        using WorkerThreads workers = new(3, operatorThreads: 2, "test");
        Assert.Equal(3, torch.get_num_threads());
        int[] threads = new int[3], operatorThreads = new int[3], runs = new int[3];
        for (int round = 0; round < 20; round++)
        {
            int[] before = [.. threads];
            workers.Run(i =>
            {
                (threads[i], operatorThreads[i]) = (Environment.CurrentManagedThreadId, torch.get_num_threads());
                runs[i]++;
            });
            Assert.True(round == 0 || before.SequenceEqual(threads));
        }

        Assert.Equal(3, threads.Distinct().Count());
        Assert.Equal([2, 2, 2], operatorThreads);
        Assert.Equal([20, 20, 20], runs);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(11)]
    public void RunRanges_OfAnyCount_CoverItOnceAndEvenly(int count)
    {
        using WorkerThreads workers = new(3, operatorThreads: 1, "test");
        int[] covered = new int[count];
        workers.RunRanges(count, (_, begin, length) =>
        {
            Assert.InRange(length, 1, (count + 2) / 3);
            for (long i = begin; i < begin + length; i++)
            {
                _ = Interlocked.Increment(ref covered[i]);
            }
        });
        Assert.All(covered, c => Assert.Equal(1, c));
    }

    [Fact]
    public void Run_AFailure_IsThrownPlainWhenAllHaveEndedAndTheThreadsGoOn()
    {
        using WorkerThreads workers = new(2, operatorThreads: 1, "test");
        int ended = 0;
        Assert.Throws<IOException>(() => workers.Run(i =>
        {
            _ = Interlocked.Increment(ref ended);
            _ = i == 0 ? throw new IOException("no") : 0;
        }));
        Assert.Equal(2, ended);
        workers.Run(_ => Interlocked.Increment(ref ended));
        Assert.Equal(4, ended);
    }
}
