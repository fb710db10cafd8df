namespace GMem.Backbone.Kernels;

/// <summary>What the element-wise kernels share: which tensors they take and where their numbers lie.</summary>
/// <remarks>
/// libtorch makes one pass through memory for each of its operations, and handles the end of a thread's share by other arithmetic than the
/// rest, so that bits depend on the size of the tensor. These kernels make one pass, and each row's result depends on that row alone.
/// </remarks>
internal static class CpuKernel
{
    /// <summary>Whether the kernels can compute with a tensor: float32, on the CPU, and small enough for a span.</summary>
    public static bool Takes(torch.Tensor tensor) =>
        tensor.dtype == torch.ScalarType.Float32 && tensor.device_type == DeviceType.CPU
            && tensor.numel() is > 0 and < int.MaxValue / sizeof(float);

    /// <summary>Whether the kernels can compute with all of some tensors; under mixed precision some are bfloat16.</summary>
    public static bool TakesAll(torch.Tensor first, torch.Tensor second, torch.Tensor third) =>
        Takes(first) && Takes(second) && Takes(third);

    /// <summary>Where the numbers of a contiguous tensor begin. Valid while the tensor lives: native memory does not move.</summary>
    public static unsafe float* Address(torch.Tensor tensor)
    {
        fixed (byte* address = tensor.bytes)
        {
            return (float*)address;
        }
    }
}
