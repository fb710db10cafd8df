using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>The test images in two random halves: settings are tuned against one and reported against the other.</summary>
/// <param name="Name"><c>report</c> or <c>tuning</c>.</param>
internal sealed record TestHalf(string Name)
{
    public static TestHalf Of(string name) => name is "report" or "tuning"
        ? new TestHalf(name)
        : throw new ArgumentException($"There is no half '{name}' of the test images; known are report and tuning.");

    /// <summary>Rows of the half that images are judged against.</summary>
    public torch.Tensor Reference(torch.Tensor rows) => Rows(rows, Name == "report" ? 1 : 0);

    /// <summary>Rows of the half that gives held-out snippets.</summary>
    public torch.Tensor Other(torch.Tensor rows) => Rows(rows, Name == "report" ? 0 : 1);

    /// <summary>Images lie class by class, and a part of a half must not be of some classes only.</summary>
    private static torch.Tensor Rows(torch.Tensor rows, int half)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(5);
        torch.Tensor order = torch.randperm(rows.shape[0], generator: generator);
        return rows.index_select(0, order.view(-1, 2).select(1, half)).MoveToOuterDisposeScope();
    }
}
