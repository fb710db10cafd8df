using GMem.Runtime;
using TorchSharp;

namespace GMem.MLNet.Persistence;

/// <summary>The device that an environment asks for.</summary>
internal static class EnvironmentDevice
{
    /// <summary>
    /// <c>MLContext.GpuDeviceId</c> and <c>FallbackToCpu</c> of the context that loads a model reach the loader through its environment;
    /// they are part of an internal interface. An environment without it gets the default: the first GPU, else the CPU.
    /// </summary>
    public static torch.Device Select(IHostEnvironment environment) => environment is IHostEnvironmentInternal settings
        ? GMemRuntime.SelectDevice(settings.GpuDeviceId, settings.FallbackToCpu)
        : GMemRuntime.SelectDevice();
}
