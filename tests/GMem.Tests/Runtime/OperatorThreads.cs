using TorchSharp;

namespace GMem.Tests.Runtime;

/// <summary>Runs something with so many of libtorch's threads for one operator on this thread.</summary>
/// <remarks>
/// A new thread takes over whatever number was set last on any other. Hence the tests that set one run alone
/// (<c>[Collection(nameof(OperatorThreads))]</c>); beside them another test could find itself on several threads.
/// </remarks>
[CollectionDefinition(nameof(OperatorThreads), DisableParallelization = true)]
public sealed class OperatorThreads
{
    private OperatorThreads()
    {
    }

    internal static void Run(int count, Action action)
    {
        Assert.Equal(nameof(OperatorThreads), TestContext.Current.TestCollection?.TestCollectionDisplayName);
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
