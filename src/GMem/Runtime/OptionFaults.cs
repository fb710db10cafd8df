namespace GMem.Runtime;

/// <summary>Collects what is wrong with an options object, so that one message names every fault.</summary>
internal sealed class OptionFaults(string owner)
{
    private readonly List<string> _faults = [];

    public void Require(bool fulfilled, string option, object? value, string expected)
    {
        if (!fulfilled)
        {
            _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{option} is {value ?? "null"}, it must be {expected}"));
        }
    }

    /// <exception cref="ArgumentException">There was a fault.</exception>
    public void Throw()
    {
        if (_faults.Count > 0)
        {
            throw new ArgumentException($"{owner}: {string.Join("; ", _faults)}.");
        }
    }
}
