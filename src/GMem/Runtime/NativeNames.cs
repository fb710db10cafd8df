using System.Runtime.InteropServices;

namespace GMem.Runtime;

/// <summary>Names of the native files on one platform, and the order in which to load them.</summary>
/// <param name="TorchCpu">The library whose presence shows that a folder holds libtorch.</param>
/// <param name="Shim">TorchSharp's own native library.</param>
/// <param name="CpuPackage">The NuGet package with libtorch for the CPU.</param>
/// <param name="LoadOrder">File patterns; a pattern that matches no file in the folder is skipped.</param>
internal sealed record NativeNames(string TorchCpu, string Shim, string CpuPackage, IReadOnlyList<string> LoadOrder)
{
    public static string RuntimeId => $"{Os}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    private static string Os => OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";

    public static NativeNames ForThisSystem() => Os switch
    {
        "win" => new("torch_cpu.dll", "LibTorchSharp.dll", "libtorch-cpu-win-x64",
            ["libiomp5md.dll", "uv.dll", "c10.dll", "torch_cpu.dll", "c10_cuda.dll", "torch_cuda.dll", "torch.dll"]),
        "osx" => new("libtorch_cpu.dylib", "libLibTorchSharp.dylib", "libtorch-cpu-osx-arm64",
            ["libomp.dylib", "libc10.dylib", "libtorch_cpu.dylib", "libtorch.dylib"]),
        _ => new("libtorch_cpu.so", "libLibTorchSharp.so", "libtorch-cpu-linux-x64",
            ["libgomp*.so*", "libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"]),
    };
}
