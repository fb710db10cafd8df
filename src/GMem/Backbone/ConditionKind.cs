namespace GMem.Backbone;

/// <summary>What a <see cref="SiT"/> is told about the image besides the time.</summary>
public enum ConditionKind
{
    /// <summary>A snippet of the memory bank: a vector of <see cref="SiTOptions.SnippetSize"/> numbers an image (GMem). The null condition is the zero vector.</summary>
    Snippet,

    /// <summary>A class label: an integer an image (the plain SiT baseline). The null condition is the label <see cref="SiTOptions.ClassCount"/>.</summary>
    Label,

    /// <summary>Nothing.</summary>
    None,
}
