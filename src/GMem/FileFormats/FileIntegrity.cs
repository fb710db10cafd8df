namespace GMem.FileFormats;

/// <summary>Whether damage to a file would be noticed.</summary>
public enum FileIntegrity
{
    /// <summary>What this is asked of was not loaded from a file, or has been changed since.</summary>
    NotFromFile = 0,

    /// <summary>The file carries no hashes: it was written by GMem before it wrote any, or by other software.</summary>
    NoHashes = 1,

    /// <summary>
    /// The file carries a hash of every 256 KiB of its tensors. Each was compared when its block was read; of a mapped bank, blocks that
    /// have not been read yet are compared then.
    /// </summary>
    Checked = 2,
}
