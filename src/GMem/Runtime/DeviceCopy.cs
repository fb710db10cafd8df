namespace GMem.Runtime;

/// <summary>Copies from main memory to a device that the host does not wait for.</summary>
internal static class DeviceCopy
{
    /// <summary>
    /// The tensor itself where it is there already; else a copy, through pinned memory on a CUDA device, so that it overlaps with the
    /// host's work.
    /// </summary>
    public static torch.Tensor ToDevice(this torch.Tensor tensor, torch.Device device)
    {
        if (device.type != DeviceType.CUDA || tensor.device_type != DeviceType.CPU)
        {
            return tensor.to(device);
        }

        // The allocator of pinned memory hands it out again only when the copy is done.
        using torch.Tensor pinned = tensor.pin_memory();
        return pinned.to(device, non_blocking: true);
    }
}
