using System.Runtime.InteropServices;

namespace GMem.Runtime;

/// <summary>
/// libtorch's autocast, which computes matrix products and attention in bfloat16. TorchSharp has no binding for it, so the exported
/// functions of <c>at::autocast</c> are called by their mangled names. Weights and gradients stay float32.
/// </summary>
internal sealed partial class Autocast : IDisposable
{
    private const string Library = "torch_cpu";
    private const sbyte BFloat16 = 15;

    // Number of active instances in the process. While it is 0, IsOn needs no native call.
    private static int Count;

    private readonly sbyte _device;
    private readonly bool _wasEnabled;
    private readonly sbyte _previousType;

    private Autocast(DeviceType device)
    {
        _ = Interlocked.Increment(ref Count);
        _device = (sbyte)device;
        _wasEnabled = IsEnabled(_device) != 0;
        _previousType = GetType(_device);
        SetType(_device, BFloat16);
        SetEnabled(_device, 1);
        _ = Enter();
    }

    /// <param name="device">Device that computes the products.</param>
    /// <param name="enabled">If false, nothing changes and the result is null.</param>
    /// <returns>A scope that ends autocast when disposed; dispose it on the same thread.</returns>
    public static Autocast? Begin(torch.Device device, bool enabled) => enabled ? Create(device.type) : null;

    /// <summary>Whether autocast is on for a device on this thread.</summary>
    public static bool IsOn(torch.Device device) => Count > 0 && IsEnabled((sbyte)device.type) != 0;

    public void Dispose()
    {
        // Autocast caches the cast weights, which would be stale after the optimizer's step.
        if (Leave() == 0)
        {
            ClearCache();
        }

        SetEnabled(_device, (byte)(_wasEnabled ? 1 : 0));
        SetType(_device, _previousType);
        _ = Interlocked.Decrement(ref Count);
    }

    private static Autocast Create(DeviceType device)
    {
        try
        {
            return new Autocast(device);
        }
        catch (EntryPointNotFoundException e)
        {
            _ = Interlocked.Decrement(ref Count);
            throw new PlatformNotSupportedException(
                "This libtorch does not export the autocast functions (bfloat16) under the names used on Linux and macOS. "
                    + "Set Precision to Float32.", e);
        }
    }

    [LibraryImport(Library, EntryPoint = "_ZN2at8autocast19is_autocast_enabledEN3c1010DeviceTypeE")]
    private static partial byte IsEnabled(sbyte device);

    [LibraryImport(Library, EntryPoint = "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb")]
    private static partial void SetEnabled(sbyte device, byte enabled);

    [LibraryImport(Library, EntryPoint = "_ZN2at8autocast18get_autocast_dtypeEN3c1010DeviceTypeE")]
    private static partial sbyte GetType(sbyte device);

    [LibraryImport(Library, EntryPoint = "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE")]
    private static partial void SetType(sbyte device, sbyte type);

    [LibraryImport(Library, EntryPoint = "_ZN2at8autocast17increment_nestingEv")]
    private static partial int Enter();

    [LibraryImport(Library, EntryPoint = "_ZN2at8autocast17decrement_nestingEv")]
    private static partial int Leave();

    [LibraryImport(Library, EntryPoint = "_ZN2at8autocast11clear_cacheEv")]
    private static partial void ClearCache();
}
