using System.Text;
using GMem.Runtime;
using GMem.Tool.Output;
using TorchSharp;

namespace GMem.Tool.Commands;

/// <summary><c>gmem doctor</c>.</summary>
internal sealed class DoctorCommand(ToolConsole console)
    : ToolCommand("doctor", "Checks libtorch, the devices and the memory, and says what to do about what is wrong.", console,
        ["gmem doctor", "gmem doctor --json"], canDryRun: false)
{
    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        List<KeyValuePair<string, string>> facts = [.. GMemRuntime.Facts(), new("Memory", Memory())];
        string? fault = Fault();
        string verdict = fault ?? "libtorch loads and computes. Nothing to do.";
        StringBuilder text = new();
        foreach ((string name, string value) in facts)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"{name,-12} {value}").AppendLine();
        }

        _ = text.AppendLine().Append(verdict);
        return new ToolResult(
            new { Healthy = fault is null, Facts = facts.ToDictionary(f => f.Key, f => f.Value), Verdict = verdict },
            text.ToString(),
            fault is null ? ExitCode.Success : ExitCode.Runtime);
    }

    private static string Memory()
    {
        const double Gibibyte = 1L << 30;
        return string.Create(CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Gibibyte:F1} GiB");
    }

    /// <summary>What is wrong and what to do; null where a product of matrices comes out right on the device that would be used.</summary>
    private static string? Fault()
    {
        try
        {
            GMemRuntime.EnsureLoaded();
            return Compute();
        }
        catch (GMemRuntimeException e)
        {
            return e.Message;
        }
    }

    private static string? Compute()
    {
        torch.Device device = GMemRuntime.SelectDevice();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor ones = torch.ones(8, 8, device: device);
        return ones.matmul(ones).sum().cpu().item<float>() == 512
            ? null
            : $"libtorch loads but computes wrongly on {device}: the driver and the libraries do not fit; install the driver that your "
                + "CUDA version asks for, or set GMEM_LIBTORCH to another libtorch.";
    }
}
