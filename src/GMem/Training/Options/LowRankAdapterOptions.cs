namespace GMem.Training;

/// <summary>
/// Fine-tuning by a low-rank adapter (LoRA, arXiv 2106.09685): the weights W of some layers stay as they are, and a product of two small
/// matrices is trained beside each, <c>W + (Alpha / Rank) B A</c>. B starts at zero, so training starts from the initial model.
/// </summary>
/// <remarks>Immutable.</remarks>
public sealed record LowRankAdapterOptions
{
    /// <summary>
    /// Rank r of the product: A is <c>[r, inputs]</c> and B is <c>[outputs, r]</c>. From 1 to 1024, and at most the smaller side of a
    /// layer. Default 8.
    /// </summary>
    public int Rank { get; init; } = 8;

    /// <summary>The product counts <c>Alpha / Rank</c> times. Above 0. Null is the rank, a factor of 1. Default null.</summary>
    public double? Alpha { get; init; }

    /// <summary>
    /// The layers that get one: patterns of names in which <c>*</c> stands for any characters, such as <c>blocks.*.attn.qkv</c> or
    /// <c>blocks.*.adaLN_modulation.*</c>. Each must fit a layer. Default attention (<c>qkv</c>, <c>proj</c>) and MLP of all blocks.
    /// </summary>
    public IReadOnlyList<string> Layers { get; init; } = ["blocks.*.attn.*", "blocks.*.mlp.*"];

    internal double ResolvedAlpha => Alpha ?? Rank;

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(LowRankAdapterOptions));
        Check(faults);
        faults.Throw();
    }

    internal void Check(OptionFaults faults)
    {
        faults.Require(Rank is >= 1 and <= 1024, $"the adapter's {nameof(Rank)}", Rank, "from 1 to 1024");
        faults.Require(Alpha is null or (> 0 and <= 1e6), $"the adapter's {nameof(Alpha)}", Alpha, "above 0 and at most 1e6, or null");
        bool patterns = Layers is { Count: > 0 } && !Layers.Any(string.IsNullOrEmpty);
        faults.Require(patterns, $"the adapter's {nameof(Layers)}", Layers is null ? null : "empty", "a list of name patterns");
    }
}
