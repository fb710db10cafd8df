namespace GMem.MLNet.Generation;

/// <summary>What an image is made from.</summary>
/// <param name="Index">The entry of the bank, or -1 where the prompt brought its snippet.</param>
/// <param name="Id">The entry's id, or -1.</param>
/// <param name="Label">The label that the image is made for: that of the entry, or the class; or empty.</param>
internal readonly record struct MemorySource(long Index, long Id, string Label);
