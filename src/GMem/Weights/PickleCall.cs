namespace GMem.Weights;

/// <summary>What a name in a pickle makes of its arguments.</summary>
internal enum PickleCall
{
    None,
    OrderedDictionary,
    Tensor,
    Parameter,
}
