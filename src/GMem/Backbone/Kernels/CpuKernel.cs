using TorchSharp;

namespace GMem.Backbone.Kernels;

/// <summary>What the element-wise kernels share: which tensors they take, where their numbers lie, and how rows are spread over threads.</summary>
/// <remarks>
/// libtorch makes one pass through memory for each of its operations, and handles the end of a thread's share by other arithmetic than the rest, so that
/// bits depend on the size of the tensor. These kernels make one pass, and each row's result depends on that row alone.
/// </remarks>
internal static class CpuKernel
{
    /// <summary>Numbers below which a second thread costs more than it saves.</summary>
    private const long Grain = 1 << 15;

    /// <summary>Whether the kernels can compute with a tensor: float32, on the CPU, and small enough for a span.</summary>
    public static bool Takes(torch.Tensor tensor) =>
        tensor.dtype == torch.ScalarType.Float32 && tensor.device_type == DeviceType.CPU && tensor.numel() is > 0 and < int.MaxValue / sizeof(float);

    /// <summary>Whether the kernels can compute with all of some tensors; under mixed precision some are bfloat16.</summary>
    public static bool TakesAll(torch.Tensor first, torch.Tensor second, torch.Tensor third) => Takes(first) && Takes(second) && Takes(third);

    /// <summary>Where the numbers of a contiguous tensor begin. Valid while the tensor lives: native memory does not move.</summary>
    public static unsafe float* Address(torch.Tensor tensor)
    {
        fixed (byte* address = tensor.bytes)
        {
            return (float*)address;
        }
    }

    /// <summary>Runs <paramref name="body"/> on ranges [from, to) that cover all rows, on as many threads as libtorch uses.</summary>
    public static void ForRows(long rows, long rowLength, Action<long, long> body)
    {
        int parts = (int)Math.Clamp(rows * rowLength / Grain, 1, Math.Min(rows, torch.get_num_threads()));
        if (parts == 1)
        {
            body(0, rows);
            return;
        }

        Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = parts }, part => body(rows * part / parts, rows * (part + 1) / parts));
    }
}
