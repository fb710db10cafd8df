namespace GMem.Runtime;

/// <summary>A use of native memory, which ends when this is disposed: until then the memory is not freed. Dispose it once.</summary>
public readonly ref struct UseScope : IDisposable
{
    private readonly UseCount? _uses;
    private readonly Lock? _gate;

    /// <param name="uses">Holds a use already.</param>
    /// <param name="gate">Has been entered; null for none.</param>
    internal UseScope(UseCount uses, Lock? gate = null) => (_uses, _gate) = (uses, gate);

    /// <summary>Ends the use.</summary>
    public void Dispose()
    {
        _gate?.Exit();
        _uses?.Remove();
    }
}
