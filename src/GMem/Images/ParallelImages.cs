using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace GMem.Images;

/// <summary>Processes many images in parallel and throws a single, unwrapped exception if one of them is bad.</summary>
internal static class ParallelImages
{
    /// <summary>
    /// Runs the body for 0 .. count - 1 on all cores. If several calls fail, the exception with the lowest index is thrown, unwrapped.
    /// </summary>
    public static void For(int count, Action<int> body, CancellationToken cancellationToken)
    {
        Lock gate = new();
        int failedAt = int.MaxValue;
        Exception? failure = null;
        ParallelOptions options = new() { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };

        // In their order: a row group or an archive is read once, and not in turns with one far away.
        OrderablePartitioner<int> inOrder = Partitioner.Create(Enumerable.Range(0, count), EnumerablePartitionerOptions.NoBuffering);
        Parallel.ForEach(inOrder, options, (i, state) =>
        {
            try
            {
                body(i);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Break lets lower indices run, so that every run reports the same file.
                state.Break();
                lock (gate)
                {
                    (failedAt, failure) = i < failedAt ? (i, e) : (failedAt, failure);
                }
            }
        });
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }
}
