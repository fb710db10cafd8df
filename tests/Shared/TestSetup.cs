using System.Runtime.CompilerServices;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Shared;

internal static class TestSetup
{
    /// <summary>One thread a test process: tests run beside each other, and with several threads each they only wait for one another.</summary>
    [ModuleInitializer]
    internal static void Initialize()
    {
        GMemRuntime.EnsureLoaded();
        torch.set_num_threads(1);
    }
}
