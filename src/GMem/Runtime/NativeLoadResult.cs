namespace GMem.Runtime;

/// <summary>The result of loading the native libraries.</summary>
/// <param name="LibTorchFolder">The folder libtorch was loaded from; null if that was left to TorchSharp's own search.</param>
/// <param name="CompatibleCopy">The patched copy of the TorchSharp shim, if this system needed one; otherwise null.</param>
/// <param name="Error">Why loading failed, or null.</param>
internal sealed record NativeLoadResult(string? LibTorchFolder, string? CompatibleCopy, GMemRuntimeException? Error);
