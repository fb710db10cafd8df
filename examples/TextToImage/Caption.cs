namespace TextToImage;

/// <summary>A text, and the label of the images that it asks for.</summary>
public sealed class Caption
{
    public string Text { get; set; } = "";

    public string Label { get; set; } = "";
}
