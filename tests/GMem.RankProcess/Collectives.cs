using System.Diagnostics;
using GMem.Distributed;
using TorchSharp;

namespace GMem.RankProcess;

/// <summary>What ranks do with tensors, against what one process computes.</summary>
internal static class Collectives
{
    public static void Run(RankGroup ranks)
    {
        foreach (long count in new long[] { 1, 2, 5, 100_003, 3_000_001 })
        {
            // Every rank knows what the others have.
            torch.Tensor[] all = [.. Enumerable.Range(0, ranks.Size).Select(rank => Numbers(count, rank))];
            using torch.Tensor own = all[ranks.Rank].clone();
            ranks.Sum(own);
            using torch.Tensor expected = Pairwise([.. all.Select(t => t.clone())]);
            Require(own.equal(expected).all().item<bool>(), $"the sum of {count}");
            using torch.Tensor sent = all[ranks.Rank].clone();
            ranks.Broadcast(sent, ranks.Size - 1);
            Require(sent.equal(all[^1]).all().item<bool>(), $"the broadcast of {count}");
        }

        Require(ranks.Broadcast(100L + ranks.Rank) == 100, "a number");
        (long begin, long length) = ranks.PartOf(10);
        using torch.Tensor parts = torch.zeros(10);
        using (torch.Tensor mine = parts.narrow(0, begin, length))
        {
            mine.fill_(1);
        }

        ranks.Sum(parts);
        Require(parts.equal(torch.ones(10)).all().item<bool>(), "parts");
        ranks.Barrier();
        Console.WriteLine($"rank: {ranks.Rank} {ranks.Size} {ranks.LocalRank} {ranks.LocalSize} {ranks.Threads} {ranks.Library}");
    }

    /// <summary>How long the sum of a gradient takes.</summary>
    public static void Time(RankGroup ranks, int count, int rounds)
    {
        using torch.Tensor numbers = Numbers(count, ranks.Rank);
        for (int i = 0; i < rounds; i++)
        {
            ranks.Barrier();
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            Stopwatch watch = Stopwatch.StartNew();
            ranks.Sum(numbers);
            if (ranks.Rank == 0)
            {
                Console.WriteLine($"time: {watch.Elapsed.TotalMilliseconds:0} ms, processor "
                    + $"{(Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds:0} ms");
            }
        }
    }

    private static torch.Tensor Numbers(long count, int rank)
    {
        using torch.Generator generator = new(17 + (ulong)rank);
        return torch.randn(count, generator: generator);
    }

    private static torch.Tensor Pairwise(torch.Tensor[] tensors)
    {
        for (int stride = 1; stride < tensors.Length; stride *= 2)
        {
            for (int i = 0; i + stride < tensors.Length; i += 2 * stride)
            {
                tensors[i] = tensors[i].sub(tensors[i + stride].neg());
            }
        }

        return tensors[0];
    }

    private static void Require(bool isSo, string what)
    {
        if (!isSo)
        {
            throw new InvalidOperationException($"{what} is wrong");
        }
    }
}
