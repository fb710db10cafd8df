namespace GMem;

/// <content>Labels that prompts may name.</content>
public sealed partial class GMemModel
{
    private IReadOnlyList<string>? _promptLabels;

    /// <summary>
    /// The labels that a request may ask for (<see cref="GenerationRequest.PromptLabel"/>): those of the memory's entries and, where the
    /// network is conditioned on labels, among its classes. In ordinal order, or in that of the classes where there is no memory.
    /// </summary>
    public IReadOnlyList<string> PromptLabels => _promptLabels ??=
        !HasMemory ? ClassNames
        : ClassNames is { Count: > 0 } classes ? [.. Memory.Labels.Intersect(classes, StringComparer.Ordinal)]
        : Memory.Labels;

    /// <summary>Finds the label that a text names, as in "a small blue ring".</summary>
    /// <remarks>
    /// The label must occur in the text as whole words: in any case, in Unicode's normal form C, with no letter or digit beside it. White
    /// space and underscores count as one space. A label inside a longer one that is named does not count: "ring" in "blue ring".
    /// </remarks>
    /// <param name="text">The text.</param>
    /// <returns>One of <see cref="PromptLabels"/>.</returns>
    /// <exception cref="ArgumentException">
    /// The text names no label or several, then the message lists the labels; or it has more than 10,000 characters.
    /// </exception>
    public string LabelIn(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return LabelSearch.Find(text, PromptLabels);
    }
}
