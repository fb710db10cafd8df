namespace GMem.FileFormats;

/// <summary>What a name in a pickle makes of its arguments.</summary>
internal enum PickleCall
{
    None,
    OrderedDictionary,

    /// <summary>An object of attributes, argparse.Namespace: read as the dictionary of them.</summary>
    Attributes,
    Tensor,
    Parameter,
}
