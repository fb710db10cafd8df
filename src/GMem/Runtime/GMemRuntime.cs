using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace GMem.Runtime;

/// <summary>Loads libtorch, selects the device, and reports what is wrong if either fails.</summary>
/// <remarks>
/// libtorch is loaded from the folder named by the environment variable <c>GMEM_LIBTORCH</c>, or else from beside the
/// application (either layout of the .NET SDK). It is loaded when this assembly is first used. A system whose libstdc++ is
/// older than the one TorchSharp was built against therefore needs no extra step.
/// </remarks>
public static class GMemRuntime
{
    private static readonly Lazy<NativeLoadResult> Loaded = new(NativeLoader.Load, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>
    /// The environment variable that names a folder with another libtorch, for instance <c>torch/lib</c> of a Python installation.
    /// </summary>
    public const string LibTorchVariable = "GMEM_LIBTORCH";

    /// <summary>The version of this library.</summary>
    internal static string OwnVersion => Version(typeof(GMemRuntime));

    /// <summary>Where libtorch is; null where TorchSharp found it by itself, or it does not load.</summary>
    internal static string? LibTorchFolder => Loaded.Value.LibTorchFolder;

    /// <summary>Loads libtorch if it is not loaded yet.</summary>
    /// <exception cref="GMemRuntimeException">libtorch cannot be loaded; the message says why and how to fix it.</exception>
    public static void EnsureLoaded()
    {
        if (Loaded.Value.Error is { } error)
        {
            throw new GMemRuntimeException(error.Message, error.InnerException);
        }
    }

    /// <summary>Picks the device to train or generate on.</summary>
    /// <param name="gpuDeviceId">Index of a CUDA device, from 0; null uses the first one if there is any, else the CPU.</param>
    /// <param name="fallbackToCpu">Whether to use the CPU if the requested GPU does not exist.</param>
    /// <returns>A CUDA device with its index, or the CPU.</returns>
    /// <exception cref="GMemRuntimeException">The requested GPU does not exist and <paramref name="fallbackToCpu"/> is false.</exception>
    public static torch.Device SelectDevice(int? gpuDeviceId = null, bool fallbackToCpu = true)
    {
        EnsureLoaded();
        int available = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        return DeviceChoice.Select(gpuDeviceId, fallbackToCpu, available) is int index
            ? new torch.Device(DeviceType.CUDA, index)
            : torch.CPU;
    }

    /// <summary>Versions, libraries, devices and threads, one per line, for bug reports.</summary>
    /// <returns>Text of several lines. If libtorch does not load, the text contains the reason; nothing is thrown.</returns>
    public static string Describe()
    {
        StringBuilder text = new();
        foreach ((string name, string value) in Facts())
        {
            text.Append(CultureInfo.InvariantCulture, $"{name,-12} {value}").AppendLine();
        }

        return text.ToString();
    }

    /// <summary>The contents of <see cref="Describe"/> as names and values.</summary>
    /// <returns>At least versions and system. If libtorch does not load, the value of <c>libtorch</c> is the reason.</returns>
    public static IReadOnlyList<KeyValuePair<string, string>> Facts()
    {
        List<KeyValuePair<string, string>> facts = [];
        void Line(string name, string value) => facts.Add(new(name, value));

        Line("GMem", OwnVersion);
        Line("TorchSharp", Version(typeof(torch)));
        Line(".NET", RuntimeInformation.FrameworkDescription);
        Line("System", $"{RuntimeInformation.OSDescription} ({RuntimeInformation.RuntimeIdentifier})");
        NativeLoadResult result = Loaded.Value;
        if (result.Error is { } error)
        {
            Line("libtorch", "does not load: " + error.Message);
            return facts;
        }

        Line("libtorch", $"{torch.__version__} from {result.LibTorchFolder ?? "the folder TorchSharp found"}");
        if (result.CompatibleCopy is { } copy)
        {
            Line("shim", $"{copy} (patched copy that accepts this system's older libstdc++)");
        }

        DescribeDevices(Line);
        return facts;
    }

    /// <summary>
    /// Loads libtorch before TorchSharp is first used anywhere in the process. Errors are reported later, by <see cref="EnsureLoaded"/>.
    /// </summary>
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Usage", "CA2255", Justification = "TorchSharp decides in its static constructor; this must come before it.")]
    internal static void Initialize() => _ = Loaded.Value;

    private static void DescribeDevices(Action<string, string> line)
    {
        line("Threads", $"{torch.get_num_threads()} of {Environment.ProcessorCount} processors; OMP_WAIT_POLICY "
            + $"{OpenMpPolicy.Current() ?? "not set"}, MKL_CBWR {ProductReproducibility.Current() ?? "not set"}");
        if (!torch.cuda.is_available())
        {
            line("Devices", "cpu (no CUDA device, or a libtorch without CUDA)");
            return;
        }

        line("Devices", $"cpu, {torch.cuda.device_count()} CUDA device(s), cuDNN {(torch.cuda.is_cudnn_available() ? "yes" : "no")}");
    }

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttributes(typeof(System.Reflection.AssemblyInformationalVersionAttribute), false) is
            [System.Reflection.AssemblyInformationalVersionAttribute attribute, ..]
            ? attribute.InformationalVersion
            : type.Assembly.GetName().Version?.ToString() ?? "unknown";
}
