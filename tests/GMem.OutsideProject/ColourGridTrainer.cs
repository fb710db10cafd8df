using GMem.Encoders;
using GMem.Images;
using TorchSharp;

namespace GMem.OutsideProject;

/// <summary>Fits a <see cref="ColourGridEncoder"/>: the mean is that of the training images, the directions are random.</summary>
public sealed class ColourGridTrainer : SnippetEncoderTrainer
{
    private const long ImagesAtOnce = 10;

    public int Grid { get; init; } = 4;

    public int Dimension { get; init; } = 8;

    public ulong Seed { get; init; } = 1;

    public bool IsThreadSafe { get; init; } = true;

    public override SnippetEncoder Fit(ImageRows images, CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(Seed);
        List<torch.Tensor> sums = [];
        for (long start = 0; start < images.Count; start += ImagesAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            torch.Tensor some = images.Read(start, Math.Min(ImagesAtOnce, images.Count - start));
            sums.Add(ColourGridEncoder.Grid(some, Grid).flatten(1).sum(dim: 0));
        }

        torch.Tensor directions = torch.randn([3 * Grid * Grid, Dimension], dtype: torch.float64, generator: generator);
        torch.Tensor mean = torch.stack(sums).sum(dim: 0) / torch.tensor((double)images.Count);
        return new ColourGridEncoder(new ColourGridEncoder.Settings(Grid), mean, directions, IsThreadSafe);
    }
}
