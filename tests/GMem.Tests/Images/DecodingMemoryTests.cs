using GMem.Images;

namespace GMem.Tests.Images;

public sealed class DecodingMemoryTests
{
    [Fact]
    public void Take_ManyThreads_StaysWithinTheBudget()
    {
        DecodingMemory memory = new();
        long budget = DecodingMemory.Budget, used = 0, most = 0;
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            // Thirds, quarters and fifths of the budget.
            long bytes = budget / (3 + (i % 3));
            using IDisposable share = memory.Take(bytes);
            long now = Interlocked.Add(ref used, bytes);
            InterlockedMax(ref most, now);
            Thread.SpinWait(100);
            _ = Interlocked.Add(ref used, -bytes);
        });
        Assert.InRange(most, budget / 3, budget);
    }

    [Fact]
    public async Task Take_MoreThanTheBudget_IsAloneAndComesToItsTurn()
    {
        DecodingMemory memory = new();
        IDisposable first = memory.Take(1);
        Task<IDisposable> large = Task.Run(() => memory.Take(2 * DecodingMemory.Budget), TestContext.Current.CancellationToken);
        await Task.WhenAny(large, Task.Delay(50, TestContext.Current.CancellationToken));
        Assert.False(large.IsCompleted);

        first.Dispose();
        first.Dispose();
        using IDisposable alone = await large.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Task<IDisposable> next = Task.Run(() => memory.Take(1), TestContext.Current.CancellationToken);
        await Task.WhenAny(next, Task.Delay(50, TestContext.Current.CancellationToken));
        Assert.False(next.IsCompleted);

        alone.Dispose();
        (await next.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).Dispose();
    }

    private static void InterlockedMax(ref long target, long value)
    {
        for (long seen = Volatile.Read(ref target); value > seen;)
        {
            long now = Interlocked.CompareExchange(ref target, value, seen);
            if (now == seen)
            {
                return;
            }

            seen = now;
        }
    }
}
