using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Evaluation;

/// <summary>Feature matrices for tests, the same in every run.</summary>
internal static class TestFeatures
{
    public static torch.Tensor Normal(long rows, long columns, ulong seed, double scale = 1)
    {
        using torch.Generator generator = new(seed, torch.CPU);
        using torch.Tensor values = torch.randn([rows, columns], generator: generator);
        return values.Times(scale);
    }

    public static string TemporaryPath(string extension) => Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}{extension}");
}
