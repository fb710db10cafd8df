namespace GMem.FileFormats;

/// <summary>A dictionary with keys of text, numbers or truth values, as a checkpoint's are.</summary>
/// <param name="ordered">Whether it was an OrderedDict, which may carry further attributes; they are dropped.</param>
/// <param name="attributes">Whether it stands for an object of attributes, which are set when the pickle builds it.</param>
internal sealed class PickleDictionary(bool ordered, bool attributes = false) : Dictionary<object, object?>(ScatteredKeys.Instance)
{
    public bool IsOrdered => ordered;

    public bool IsAttributes => attributes;

    /// <summary>
    /// Numbers hash to themselves: a file could choose a million that all meet in one place. Mixed with the process's own seed it cannot.
    /// </summary>
    private sealed class ScatteredKeys : IEqualityComparer<object>
    {
        public static readonly ScatteredKeys Instance = new();

        bool IEqualityComparer<object>.Equals(object? x, object? y) => Equals(x, y);

        public int GetHashCode(object key) => key switch
        {
            long number => HashCode.Combine(number),
            double number =>
                HashCode.Combine(BitConverter.DoubleToInt64Bits(number) >> 32, BitConverter.DoubleToInt64Bits(number) & uint.MaxValue),
            _ => key.GetHashCode(),
        };
    }
}
