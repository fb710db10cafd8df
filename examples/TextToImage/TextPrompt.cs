namespace TextToImage;

/// <summary>What is asked for: the input of the whole model.</summary>
public sealed class TextPrompt
{
    public string Text { get; set; } = "";

    public long Seed { get; set; }
}
