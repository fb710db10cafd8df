using System.Runtime.InteropServices;

namespace GMem.Runtime;

/// <summary>How much memory is available to the process, where that can be determined.</summary>
internal static class FreeMemory
{
    private static readonly string[] CudaRuntimes = ["libcudart.so.12", "libcudart.so.13", "libcudart.so", "cudart64_12.dll",
        "cudart64_13.dll"];

    private delegate int CudaMemGetInfo(out nuint free, out nuint total);

    /// <returns>Bytes, or null if unknown.</returns>
    public static long? On(torch.Device device) => device.type switch
    {
        DeviceType.CPU => OnCpu(),
        DeviceType.CUDA => OnCuda(),
        _ => null,
    };

    /// <summary>Memory available without swapping, capped by the container's limit.</summary>
    private static long OnCpu()
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        long underLimit = memory.TotalAvailableMemoryBytes - Environment.WorkingSet;
        return Math.Max(0, AvailableOnLinux() is { } available ? Math.Min(available, underLimit) : underLimit);
    }

    private static long? AvailableOnLinux()
    {
        const string Path = "/proc/meminfo";
        const string Field = "MemAvailable:";
        string? line = File.Exists(Path) ? File.ReadLines(Path).FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal)) : null;
        return line is not null
            && long.TryParse(
                line[Field.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out long kilobytes)
            ? kilobytes * 1024
            : null;
    }

    /// <summary>Free memory of the current device. Calls the CUDA runtime that libtorch has loaded, as TorchSharp has no binding for
    /// it.</summary>
    private static long? OnCuda()
    {
        foreach (string name in CudaRuntimes)
        {
            if (NativeLibrary.TryLoad(name, out nint library) && NativeLibrary.TryGetExport(library, "cudaMemGetInfo", out nint function))
            {
                return Marshal.GetDelegateForFunctionPointer<CudaMemGetInfo>(function)(out nuint free, out _) == 0 ? (long)free : null;
            }
        }

        return null;
    }
}
