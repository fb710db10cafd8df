using GMem.Backbone.Sharding;
using GMem.Runtime;
using GMem.Tests.Runtime;

namespace GMem.Tests.Backbone.Sharding;

[Collection(nameof(OperatorThreads))]
public sealed class PassBarrierTests
{
    private const int Threads = 3;

    [Fact]
    public void Meet_ManyTimes_NobodyRunsAhead()
    {
        PassBarrier barrier = new(Threads, new WeightGradients());
        int[] rounds = new int[Threads];
        using WorkerThreads workers = new(Threads, 1, nameof(PassBarrierTests));
        workers.Run(thread =>
        {
            for (int round = 1; round <= 2000; round++)
            {
                // Now and then long enough for the others to fall asleep.
                if ((round + thread) % 400 == 0)
                {
                    Thread.Sleep(2);
                }

                Volatile.Write(ref rounds[thread], round);
                if (!barrier.Meet() || !Array.TrueForAll(rounds, other => other == round || other == round + 1))
                {
                    barrier.Break();
                    return;
                }
            }
        });
        Assert.All(rounds, r => Assert.Equal(2000, r));
    }

    /// <summary>Many times: when the others learn of it is chance.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Break_OneThreadFails_TheOthersLearnOfItAndTheFailureIsThrown(int failing)
    {
        using WorkerThreads workers = new(Threads, 1, nameof(PassBarrierTests));
        for (int time = 0; time < 200; time++)
        {
            FailOnce(workers, failing);
        }
    }

    private static void FailOnce(WorkerThreads workers, int failing)
    {
        PassBarrier barrier = new(Threads, new WeightGradients());
        int stopped = 0;
        IOException error = Assert.Throws<IOException>(() => workers.Run(thread =>
        {
            try
            {
                for (int round = 0; barrier.Meet(); round++)
                {
                    if (thread == failing && round == 5)
                    {
                        throw new IOException("no");
                    }
                }

                _ = Interlocked.Increment(ref stopped);
            }
            catch (IOException)
            {
                barrier.Break();
                throw;
            }
        }));
        Assert.Equal("no", error.Message);
        Assert.Equal(Threads - 1, stopped);
    }
}
