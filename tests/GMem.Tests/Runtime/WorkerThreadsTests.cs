using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Runtime;

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

    [Fact]
    public void RunBeside_TheCaller_DoesTheFirstPartAndHasItsOperatorThreadsBack() => OperatorThreads.Run(3, () =>
    {
        using WorkerThreads workers = new(2, operatorThreads: 1, "test");
        (int Thread, int OperatorThreads)[] parts = new (int, int)[3];
        workers.RunBeside(i => parts[i] = (Environment.CurrentManagedThreadId, torch.get_num_threads()));
        Assert.Equal(Environment.CurrentManagedThreadId, parts[0].Thread);
        Assert.Equal(3, parts.Select(p => p.Thread).Distinct().Count());
        Assert.All(parts, p => Assert.Equal(1, p.OperatorThreads));
        Assert.Equal(3, torch.get_num_threads());
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void RunBeside_AFailure_IsThrownPlainWhenAllHaveEnded(int failing) => OperatorThreads.Run(2, () =>
    {
        using WorkerThreads workers = new(1, operatorThreads: 1, "test");
        int ended = 0;
        Assert.Throws<IOException>(() => workers.RunBeside(i =>
        {
            _ = Interlocked.Increment(ref ended);
            _ = i == failing ? throw new IOException("no") : 0;
        }));
        Assert.Equal(2, ended);
        Assert.Equal(2, torch.get_num_threads());
        workers.RunBeside(_ => Interlocked.Increment(ref ended));
        Assert.Equal(4, ended);
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
