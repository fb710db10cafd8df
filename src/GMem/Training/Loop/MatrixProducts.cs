namespace GMem.Training;

/// <summary>
/// Lets float32 products of a CUDA device use TF32 while a run lasts. The setting is the process's; it is put back afterwards.
/// </summary>
internal sealed class MatrixProducts : IDisposable
{
    private readonly bool _matmul = torch.backends.cuda.matmul.allow_tf32;
    private readonly bool _cudnn = torch.backends.cudnn.allow_tf32;

    private MatrixProducts(bool allowTf32)
    {
        torch.backends.cuda.matmul.allow_tf32 = allowTf32;
        torch.backends.cudnn.allow_tf32 = allowTf32;
    }

    /// <returns>Null on other devices, which have no such units.</returns>
    public static MatrixProducts? Use(torch.Device device, TrainingOptions options) =>
        device.type == DeviceType.CUDA ? new MatrixProducts(options.AllowTf32) : null;

    public void Dispose()
    {
        torch.backends.cuda.matmul.allow_tf32 = _matmul;
        torch.backends.cudnn.allow_tf32 = _cudnn;
    }
}
