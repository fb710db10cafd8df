using System.Runtime.InteropServices;
using TorchSharp;

namespace GMem.Runtime;

/// <summary>
/// libtorch's automatic choice of bfloat16 for matrix products and attention, which TorchSharp has no binding for: the exported functions of
/// <c>at::autocast</c> are called by their mangled names. Weights stay float32; gradients come out as float32.
/// </summary>
internal sealed partial class Autocast : IDisposable
{
    private const string Library = "torch_cpu";
    private const sbyte BFloat16 = 15;

    private readonly sbyte _device;
    private readonly bool _wasEnabled;
    private readonly sbyte _previousType;

    private Autocast(DeviceType device)
    {
        _device = (sbyte)device;
        _wasEnabled = IsEnabled(_device) != 0;
        _previousType = GetType(_device);
        SetType(_device, BFloat16);
        SetEnabled(_device, 1);
        _ = Enter();
    }

    /// <param name="device">Where the products are computed.</param>
    /// <param name="enabled">False gives null, and nothing changes.</param>
    /// <returns>Ends it when disposed, on the same thread.</returns>
    public static Autocast? Begin(torch.Device device, bool enabled) => enabled ? new Autocast(device.type) : null;

    public void Dispose()
    {
        // Casts of the weights are kept while it lasts; they would be stale after the optimizer's step.
        if (Leave() == 0)
        {
            ClearCache();
        }

        SetEnabled(_device, (byte)(_wasEnabled ? 1 : 0));
        SetType(_device, _previousType);
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
