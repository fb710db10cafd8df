using TorchSharp;

namespace GMem.Tests.Runtime;

/// <summary>Runs something with so many of libtorch's threads for one operator on this thread.</summary>
internal static class OperatorThreads
{
    public static void Run(int count, Action action)
    {
        int before = torch.get_num_threads();
        torch.set_num_threads(count);
        try
        {
            action();
        }
        finally
        {
            torch.set_num_threads(before);
        }
    }
}
