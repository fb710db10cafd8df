using GMem.Transport;

namespace GMem;

/// <summary>What the network is told of a batch of prompts, and where its flow starts. The tensors are of the caller's scope.</summary>
internal sealed class PromptConditions
{
    public PromptConditions(ModelCore core, ResolvedPrompts prompts, int count, bool guided)
    {
        torch.Tensor[] values = [.. prompts.ConditionValues().Select(v => v.to(core.Device))];
        Embedding = core.Network.EmbedConditions(values, count);
        NullEmbedding = guided ? core.Network.EmbedConditions(core.Network.NullConditions(1), 1) : null;
        Source = core.Source?.Of(core.Network.Conditions, values, singly: true);
    }

    /// <summary>One row a prompt; null for a network without conditions.</summary>
    public torch.Tensor? Embedding { get; }

    /// <summary>That of no condition; null without guidance.</summary>
    public torch.Tensor? NullEmbedding { get; }

    /// <summary>What the flow starts from; null for N(0, I).</summary>
    public GaussianSource? Source { get; }
}
