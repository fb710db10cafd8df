namespace GMem.Runtime;

/// <summary>What became of loading the native libraries.</summary>
/// <param name="LibTorchFolder">The folder libtorch came from; null where TorchSharp's own search was left to do it.</param>
/// <param name="CompatibleCopy">The copy of the TorchSharp shim that was needed on this system, or null.</param>
/// <param name="Error">Why it failed, or null.</param>
internal sealed record NativeLoadResult(string? LibTorchFolder, string? CompatibleCopy, GMemRuntimeException? Error);
