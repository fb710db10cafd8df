namespace GMem.Memory;

/// <summary>skeleton</summary>
public sealed class MemoryBank
{
    /// <summary>Number of entries.</summary>
    public long Count => 0;

    /// <summary>Length of a snippet.</summary>
    public int Dimension => 0;
}
