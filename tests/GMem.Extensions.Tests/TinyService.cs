using GMem.Sampling;
using GMem.Tests.Shared;

namespace GMem.Extensions.Tests;

/// <summary>One small model for all tests of this project, which run one after the other because they count tensors.</summary>
internal static class TinyService
{
    /// <summary>The collection that keeps test classes from running beside each other.</summary>
    public const string OneAtATime = "tensors of the process are counted";

    private static readonly Lazy<GMemModel> Shared = new(() => TinyModel.Train());

    public static GMemModel Model => Shared.Value;

    /// <summary>A model whose images take so long that a test can do something meanwhile.</summary>
    public static SamplingOptions Slow => new() { Steps = 10_000 };

    /// <summary>Waits until something holds; fails after half a minute.</summary>
    public static async Task Until(Func<bool> holds)
    {
        for (int i = 0; i < 3000 && !holds(); i++)
        {
            await Task.Delay(10);
        }

        Assert.True(holds(), "it did not happen within 30 seconds");
    }
}
