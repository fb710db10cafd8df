namespace GMem.Runtime;

/// <summary>The rule for choosing a device, independent of libtorch so that it can be tested without a GPU.</summary>
internal static class DeviceChoice
{
    /// <returns>The index of a CUDA device, or null for the CPU.</returns>
    public static int? Select(int? gpuDeviceId, bool fallbackToCpu, int available)
    {
        if (gpuDeviceId is not int wanted)
        {
            return available > 0 ? 0 : null;
        }

        if (wanted < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(gpuDeviceId), wanted, "GpuDeviceId counts CUDA devices from 0.");
        }

        if (wanted < available)
        {
            return wanted;
        }

        if (fallbackToCpu)
        {
            return null;
        }

        string found = available == 0
            ? "this process has no CUDA device (the CPU libtorch has none; build with -p:TorchBackend=cuda, or name a CUDA libtorch with "
                + "GMEM_LIBTORCH)"
            : $"this machine has {available} CUDA device(s), numbered from 0 to {available - 1}";
        throw new GMemRuntimeException(
            $"GpuDeviceId is {wanted}, but {found}. Choose another index, or set FallbackToCpu = true to use the CPU instead.");
    }
}
