using System.Runtime.InteropServices;

namespace GMem.Distributed;

/// <summary>The one function of CUDA's runtime that TorchSharp does not reach.</summary>
internal static unsafe class CudaRuntime
{
    private static readonly string[] Names = ["libcudart.so.12", "libcudart.so.13", "libcudart.so", "libtorch_cuda.so"];

    /// <summary>Makes a GPU the current one of this thread.</summary>
    /// <exception cref="GMemRuntimeException">CUDA's runtime is not found, or it has no such device.</exception>
    public static void SetDevice(int index)
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library) && NativeLibrary.TryGetExport(library, "cudaSetDevice", out nint function))
            {
                int code = ((delegate* unmanaged<int, int>)function)(index);
                if (code != 0)
                {
                    throw new GMemRuntimeException($"CUDA cannot use device {index} for NCCL (error {code} of cudaSetDevice).");
                }

                return;
            }
        }

        throw new GMemRuntimeException($"CUDA's runtime, which NCCL needs, is not found (looked for {string.Join(", ", Names)}).");
    }
}
