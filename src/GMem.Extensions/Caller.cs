namespace GMem.Extensions;

/// <summary>Whoever shares a key: the unit of fairness. Guarded by the lock of its <see cref="FairQueue"/>.</summary>
/// <param name="key">The key; null for a call that is a caller of its own.</param>
internal sealed class Caller(string? key)
{
    public string? Key { get; } = key;

    /// <summary>Images waiting or in progress.</summary>
    public int Open { get; set; }

    /// <summary>Calls with waiting images, the oldest first.</summary>
    public LinkedList<ImageCall> Calls { get; } = [];
}
