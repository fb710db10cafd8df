using System.Diagnostics;
using TorchSharp;

namespace MemoryBankBenchmark;

/// <summary>What this machine gives right now.</summary>
/// <param name="Product">32-bit matrix products, in GFLOP/s.</param>
/// <param name="WideProduct">64-bit ones.</param>
/// <param name="Copy">Copies in memory on one thread, in GB of source a second.</param>
internal sealed record Rates(double Product, double WideProduct, double Copy)
{
    private const int Side = 2048;

    public static Rates Measure()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(3);
        torch.Tensor narrow = torch.randn([Side, Side], generator: generator);
        torch.Tensor wide = narrow.to(torch.float64);
        byte[] source = new byte[256 << 20];
        byte[] target = new byte[source.Length];
        return new Rates(
            2 * Math.Pow(Side, 3) / Best(() => narrow.matmul(narrow).Dispose()) / 1e9,
            2 * Math.Pow(Side, 3) / Best(() => wide.matmul(wide).Dispose()) / 1e9,
            source.Length / Best(() => source.CopyTo(target, 0)) / 1e9);
    }

    private static double Best(Action action)
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < 5; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
