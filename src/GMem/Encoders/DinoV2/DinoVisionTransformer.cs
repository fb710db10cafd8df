using GMem.FileFormats;

namespace GMem.Encoders.DinoV2;

/// <summary>The DINOv2 vision transformer (arXiv 2304.07193; registers: arXiv 2309.16588), with the names of the official
/// checkpoints.</summary>
internal sealed class DinoVisionTransformer : torch.nn.Module
{
    private readonly Parameter cls_token;
    private readonly Parameter pos_embed;
    private readonly Parameter? register_tokens;
    private readonly Parameter mask_token;
    private readonly PatchEmbedding patch_embed;
    internal readonly ModuleList<DinoV2Block> blocks;
    private readonly LayerNorm norm;
    private readonly DinoV2Options _options;

    /// <summary>Makes the network; its weights hold nothing until they are loaded.</summary>
    public DinoVisionTransformer(DinoV2Options options, WeightPlacement placement)
        : base(nameof(DinoVisionTransformer))
    {
        options.Validate();
        _options = options;
        long width = options.EmbedDim, grid = options.ImageSize / options.PatchSize;
        cls_token = placement.Empty(1, 1, width);
        pos_embed = placement.Empty(1, 1 + (grid * grid), width);
        register_tokens = options.RegisterTokens > 0 ? placement.Empty(1, options.RegisterTokens, width) : null;
        mask_token = placement.Empty(1, width);
        patch_embed = new PatchEmbedding(options, placement);
        blocks = new ModuleList<DinoV2Block>([.. Enumerable.Range(0, options.Depth).Select(_ => new DinoV2Block(options, placement))]);
        norm = new LayerNorm(width, placement);
        RegisterComponents();
    }

    /// <summary>Runs the network.</summary>
    /// <param name="pixels"><c>[B, 3, H, W]</c>, normalised; H and W multiples of the patch size.</param>
    /// <param name="masks">bool <c>[B, T]</c>: patches to hide behind the mask token; null hides none.</param>
    public DinoV2Output Forward(torch.Tensor pixels, torch.Tensor? masks = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor tokens = PrepareTokens(pixels, masks);
        foreach (DinoV2Block block in blocks)
        {
            torch.Tensor input = tokens;
            tokens = block.forward(input);
            input.Dispose();
        }

        torch.Tensor normed = norm.forward(tokens);
        int registers = _options.RegisterTokens;
        return new DinoV2Output(
            normed.select(1, 0).MoveToOuterDisposeScope(),
            normed.narrow(1, 1, registers).MoveToOuterDisposeScope(),
            normed.narrow(1, 1 + registers, normed.shape[1] - 1 - registers).MoveToOuterDisposeScope(),
            tokens.MoveToOuterDisposeScope());
    }

    /// <summary>Patch tokens alone, before the class token and the positions: <c>[B, T, D]</c>.</summary>
    internal torch.Tensor EmbedPatches(torch.Tensor pixels) => patch_embed.forward(pixels);

    /// <summary>The input of the first block, <c>[B, 1 + R + T, D]</c>: class token and patches with positions, registers
    /// without.</summary>
    internal torch.Tensor PrepareTokens(torch.Tensor pixels, torch.Tensor? masks)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (long rows, long columns) = Grid(pixels);
        torch.Tensor patches = EmbedPatches(pixels);
        if (masks is not null)
        {
            patches = torch.where(masks.unsqueeze(-1), mask_token.unsqueeze(0), patches);
        }

        long batch = pixels.shape[0];
        torch.Tensor tokens = torch.cat([cls_token.expand(batch, -1, -1), patches], 1).Plus(Positions(rows, columns));
        if (register_tokens is not null)
        {
            tokens = torch.cat([tokens.narrow(1, 0, 1), register_tokens.expand(batch, -1, -1), tokens.narrow(1, 1, rows * columns)], 1);
        }

        return tokens.MoveToOuterDisposeScope();
    }

    /// <summary>The position embedding for a grid of patches, <c>[1, 1 + rows * columns, D]</c>.</summary>
    internal torch.Tensor Positions(long rows, long columns) =>
        PositionEmbedding.ForGrid(pos_embed, rows, columns, _options.InterpolateOffset, _options.InterpolateAntialias);

    private (long Rows, long Columns) Grid(torch.Tensor pixels)
    {
        long patch = _options.PatchSize;
        return pixels.shape is [_, 3, long height, long width] && height >= patch && width >= patch && height % patch == 0
            && width % patch == 0
            ? (height / patch, width / patch)
            : throw new ArgumentException(
                $"DINOv2 takes [B, 3, H, W] with H and W multiples of its patch size {patch}; got [{string.Join(", ", pixels.shape)}].",
                nameof(pixels));
    }
}
