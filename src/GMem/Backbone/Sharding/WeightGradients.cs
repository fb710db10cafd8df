using System.Collections.Concurrent;

namespace GMem.Backbone.Sharding;

/// <summary>
/// Gradients of weights which are still to be computed. Nothing on the way back waits for them: threads do so while they wait for one another, and a thread held up by other processes is relieved of its own.
/// </summary>
/// <remarks>Each is computed by one thread with operands of its own, so that its bits do not depend on which thread, nor when.</remarks>
internal sealed class WeightGradients
{
    private readonly ConcurrentQueue<WeightGradient> _waiting = new();

    public bool IsEmpty => _waiting.IsEmpty;

    public int Count => _waiting.Count;

    public void Add(WeightGradient gradient) => _waiting.Enqueue(gradient);

    /// <summary>Computes the first.</summary>
    /// <returns>False where there is none.</returns>
    public bool ComputeOne()
    {
        if (!_waiting.TryDequeue(out WeightGradient? first))
        {
            return false;
        }

        first.Compute();
        return true;
    }
}
