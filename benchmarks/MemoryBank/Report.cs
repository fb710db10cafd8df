using GMem.Runtime;

namespace MemoryBankBenchmark;

/// <summary>One line for each measurement; with a target, whether it is met.</summary>
internal sealed class Report
{
    public Report(int rows, int dimension)
    {
        Console.WriteLine(GMemRuntime.Describe());
        Console.WriteLine($"memory bank of {rows:N0} x {dimension}; targets are for two idle cores");
    }

    public void Line(string what, string measured) => Console.WriteLine($"{what,-26} {measured}");

    public void Rates(Rates rates) =>
        Line("this machine", $"{rates.Product:f0} GFLOP/s float32, {rates.WideProduct:f0} float64 (2048^3, best of 5), copies "
            + $"{rates.Copy:f1} GB/s on one thread");

    public void Target(string what, double measured, double target, string text)
    {
        string limit = target switch
        {
            >= 1e9 => $"{target / 1e9:g3} GB",
            >= 1e6 => $"{target / 1e6:g3} MB",
            >= 1 => $"{target:g3} s",
            _ => $"{target * 1000:g3} ms",
        };
        Console.WriteLine($"{what,-26} {text}   [target {limit}: {(measured <= target ? "PASS" : "short of target")}]");
    }
}
