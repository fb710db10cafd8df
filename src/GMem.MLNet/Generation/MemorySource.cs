namespace GMem.MLNet.Generation;

/// <summary>What an image is made from.</summary>
/// <param name="Index">The entry of the bank, or -1 where the prompt brought its snippet.</param>
/// <param name="Label">The entry's label, or an empty one.</param>
internal readonly record struct MemorySource(long Index, string Label);
