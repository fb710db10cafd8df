using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>What a thread has handed to <see cref="WeightGradients"/> and not freed yet: tensors are counted by thread, so each frees its own.</summary>
/// <param name="shared">What all threads hand to.</param>
/// <param name="most">How many may wait there, for their operands take memory; a thread that finds more computes one first.</param>
internal sealed class BranchGradients(WeightGradients shared, int most)
{
    private readonly Queue<(WeightGradient[] Gradients, torch.Tensor[] Operands)> _handed = [];

    /// <summary>Hands over those of a branch.</summary>
    /// <param name="gradients">Of the weights.</param>
    /// <param name="kept">Freed with the gradients' operands.</param>
    public void Hand(List<WeightGradient> gradients, torch.Tensor[] kept)
    {
        torch.Tensor[] operands = [.. gradients.Select(g => g.Gradient.DetachFromDisposeScope()).Distinct(), .. kept];
        _handed.Enqueue(([.. gradients], operands));
        gradients.ForEach(shared.Add);
        while (shared.Count > most && shared.ComputeOne())
        {
        }

        FreeComputed();
    }

    /// <summary>Frees the operands of those which are computed.</summary>
    public void FreeComputed()
    {
        while (_handed.TryPeek(out (WeightGradient[] Gradients, torch.Tensor[] Operands) first) && Array.TrueForAll(first.Gradients, g => g.IsComputed))
        {
            Array.ForEach(_handed.Dequeue().Operands, t => t.Dispose());
        }
    }
}
