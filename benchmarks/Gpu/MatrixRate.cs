using System.Diagnostics;
using TorchSharp;

namespace Gpu;

/// <summary>The rate of a large matrix product, which is what training can at most reach.</summary>
internal static class MatrixRate
{
    private const int Rounds = 20;

    /// <returns>Floating-point operations a second, the best of the rounds.</returns>
    public static double Measure(torch.Device device, long side, torch.ScalarType type)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1, device);
        torch.Tensor a = torch.randn([side, side], device: device, generator: generator).to(type);
        torch.Tensor b = torch.randn([side, side], device: device, generator: generator).to(type);
        double best = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            best = Math.Min(best, Seconds(device, () => a.matmul(b).Dispose()));
        }

        return 2 * Math.Pow(side, 3) / best;
    }

    /// <summary>Time of some work, the device's included.</summary>
    public static double Seconds(torch.Device device, Action work)
    {
        Wait(device);
        long start = Stopwatch.GetTimestamp();
        work();
        Wait(device);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Wait(torch.Device device)
    {
        if (device.type == DeviceType.CUDA)
        {
            torch.cuda.synchronize(device);
        }
    }
}
