namespace GMem.Runtime;

/// <summary>Collects the faults of an options object so that one message names them all.</summary>
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

    public void RequireFrom(long least, long most, long value, string option) =>
        Require(value >= least && value <= most, option, value, string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}"));

    /// <exception cref="ArgumentException">At least one fault was found.</exception>
    public void Throw()
    {
        if (_faults.Count > 0)
        {
            throw new ArgumentException($"{owner}: {string.Join("; ", _faults)}.");
        }
    }
}
