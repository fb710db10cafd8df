using GMem.Encoders;
using GMem.Parts;
using GMem.Runtime;
using TorchSharp;

namespace GMem.OutsideProject;

/// <summary>A user's encoder: the colours of a coarse grid, less their mean over the training images, projected on fixed
/// directions.</summary>
public sealed class ColourGridEncoder : SnippetEncoder
{
    public static readonly PartKind SavedKind = new("colour-grid", 2);

    private readonly Settings _settings;
    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _directions;
    private readonly bool _isThreadSafe;

    /// <param name="settings">Cells along a side of the grid.</param>
    /// <param name="mean">float64 <c>[3 * grid * grid]</c>, taken over.</param>
    /// <param name="directions">float64 <c>[3 * grid * grid, m]</c>, taken over.</param>
    /// <param name="isThreadSafe">Whether threads may share it.</param>
    public ColourGridEncoder(Settings settings, torch.Tensor mean, torch.Tensor directions, bool isThreadSafe = true)
    {
        _settings = settings;
        _mean = mean.DetachFromDisposeScope();
        _directions = directions.DetachFromDisposeScope();
        _isThreadSafe = isThreadSafe;
    }

    public override PartKind Kind => SavedKind;

    public override bool IsThreadSafe => _isThreadSafe;

    public override int Dimension => (int)_directions.shape[1];

    public override int PatchTokenDimension => 3;

    /// <summary>Called at the beginning of every batch.</summary>
    public Action? Encoding { get; set; }

    public bool IsFreed { get; private set; }

    /// <summary>float64 <c>[B, 3, grid, grid]</c>.</summary>
    public static torch.Tensor Grid(torch.Tensor images, int grid) =>
        torch.nn.functional.adaptive_avg_pool2d(images.to(torch.float64), [grid, grid]);

    public override torch.Tensor Encode(torch.Tensor images)
    {
        using UseScope use = Use();
        Encoding?.Invoke();
        using DisposeScope scope = torch.NewDisposeScope();
        return Snippets(Grid(images, _settings.Grid)).MoveToOuterDisposeScope();
    }

    public override (torch.Tensor Snippets, torch.Tensor Tokens) EncodeWithPatches(torch.Tensor images)
    {
        using UseScope use = Use();
        Encoding?.Invoke();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor grid = Grid(images, _settings.Grid);
        torch.Tensor tokens = grid.flatten(2).transpose(1, 2).to(torch.float32).contiguous();
        return (Snippets(grid).MoveToOuterDisposeScope(), tokens.MoveToOuterDisposeScope());
    }

    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(_settings);

    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() =>
        new Dictionary<string, torch.Tensor> { ["mean"] = _mean, ["directions"] = _directions };

    public static ColourGridEncoder Load(SavedPart saved) =>
        new(saved.Configuration.Read<Settings>(), saved.Tensor("mean").clone(), saved.Tensor("directions").clone());

    protected override void Dispose(bool disposing)
    {
        IsFreed = true;
        _mean.Dispose();
        _directions.Dispose();
    }

    private torch.Tensor Snippets(torch.Tensor grid)
    {
        torch.Tensor projected = ((grid.flatten(1) - _mean).unsqueeze(2) * _directions).sum(1);
        return torch.nn.functional.normalize(projected, dim: 1).to(torch.float32);
    }

    public sealed record Settings(int Grid);
}
