using System.Text.Json;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace Gpu;

/// <summary>
/// The network on this device against the outputs of the official code, for every pair of reference files in a folder. TF32 off.
/// </summary>
internal static class Parity
{
    /// <summary>Absolute; the README of the reference files gives it for float32.</summary>
    private const double Tolerance = 2e-5;

    private const string Io = ".io.safetensors";
    private const string Weights = ".weights.safetensors";

    /// <returns>Whether all agree, and there were any.</returns>
    public static bool Check(string folder, torch.Device device)
    {
        bool tf32 = device.type == DeviceType.CUDA && torch.backends.cuda.matmul.allow_tf32;
        try
        {
            SetTf32(device, false);
            string[] cases = [.. Directory.GetFiles(folder, "*" + Io).Order(StringComparer.Ordinal)];
            Console.WriteLine($"parity       {cases.Length} networks in {folder}, tolerance {Tolerance:g1}");
            return cases.Length > 0 & cases.Count(path => !Agrees(path, device)) == 0;
        }
        finally
        {
            SetTf32(device, tf32);
        }
    }

    private static bool Agrees(string path, torch.Device device)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        using SafetensorsFile io = SafetensorsFile.Open(path);
        using JsonDocument config = JsonDocument.Parse(io.Metadata["config"]);
        using SiT network = TestBackbone.Load(path.Replace(Io, Weights, StringComparison.Ordinal), config.RootElement, torch.float32);
        _ = network.to(device);
        torch.Tensor condition = io.Read(io.Contains("c") ? "c" : "y").to(device);
        torch.Tensor output = network.forward(io.Read("x").to(device), io.Read("t").to(device), condition).cpu();
        double difference = (output - io.Read("eval.out")).abs().max().item<float>();
        bool agrees = difference <= Tolerance;
        Console.WriteLine($"  {Path.GetFileName(path),-44} {difference:g2} {(agrees ? "ok" : "DIFFERS")}");
        return agrees;
    }

    private static void SetTf32(torch.Device device, bool allowed)
    {
        if (device.type == DeviceType.CUDA)
        {
            torch.backends.cuda.matmul.allow_tf32 = allowed;
            torch.backends.cudnn.allow_tf32 = allowed;
        }
    }
}
