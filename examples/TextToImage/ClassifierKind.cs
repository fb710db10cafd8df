namespace TextToImage;

/// <summary>What tells the label from the text.</summary>
public enum ClassifierKind
{
    /// <summary>
    /// Words and a linear model (<c>FeaturizeText</c>, <c>SdcaMaximumEntropy</c>): nothing to download, trained in seconds.
    /// </summary>
    Words,

    /// <summary>The transformer of Microsoft.ML.TorchSharp, whose weights its trainer downloads.</summary>
    TextClassification,
}
