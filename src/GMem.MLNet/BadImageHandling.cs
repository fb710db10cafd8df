namespace GMem.MLNet;

/// <summary>What training does with an image that cannot be read.</summary>
public enum BadImageHandling
{
    /// <summary>
    /// Leaves it out, with all else of its row. Each is named once, with the reason, as a warning in <c>MLContext.Log</c>, and they are
    /// counted at the end.
    /// </summary>
    Skip,

    /// <summary>Stops at the first with an exception that names it.</summary>
    Throw,
}
