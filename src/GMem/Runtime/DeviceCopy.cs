namespace GMem.Runtime;

/// <summary>Asynchronous copies from main memory to a device.</summary>
internal static class DeviceCopy
{
    /// <summary>
    /// Returns the tensor itself if it is already on the device, otherwise a copy. Copies to a CUDA device go through pinned memory, so
    /// they overlap with the host's work.
    /// </summary>
    public static torch.Tensor ToDevice(this torch.Tensor tensor, torch.Device device)
    {
        if (device.type != DeviceType.CUDA || tensor.device_type != DeviceType.CPU)
        {
            return tensor.to(device);
        }

        // Safe to dispose at once: the pinned-memory allocator reuses the block only when the copy is done.
        using torch.Tensor pinned = tensor.pin_memory();
        return pinned.to(device, non_blocking: true);
    }
}
