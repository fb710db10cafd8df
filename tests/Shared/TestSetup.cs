using System.Globalization;
using System.Runtime.CompilerServices;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Shared;

internal static class TestSetup
{
    /// <summary>
    /// One thread for each test process: tests run beside each other, and with several threads each they only wait for one another.
    /// One project sets <c>OperatorThreads</c> to 2, so that operators shared between threads are tested too.
    /// </summary>
    [ModuleInitializer]
    internal static void Initialize()
    {
        GMemRuntime.EnsureLoaded();
        torch.set_num_threads(Convert.ToInt32(AppContext.GetData("GMem.Tests.OperatorThreads"), CultureInfo.InvariantCulture));
    }
}
