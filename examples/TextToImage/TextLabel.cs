namespace TextToImage;

/// <summary>What the classifier makes of a text.</summary>
public sealed class TextLabel
{
    /// <summary>The label that is most likely meant: the prompt of the generator.</summary>
    public string PromptLabel { get; set; } = "";

    /// <summary>How likely each of the labels is.</summary>
    public float[] Score { get; set; } = [];
}
