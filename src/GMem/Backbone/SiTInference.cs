using System.Text.RegularExpressions;

namespace GMem.Backbone;

/// <summary>Which network the tensors of an official checkpoint belong to, by their names and shapes.</summary>
internal sealed partial class SiTInference
{
    private readonly IReadOnlyDictionary<string, long[]> _shapes;
    private readonly List<string> _missing = [];

    private SiTInference(IReadOnlyDictionary<string, long[]> shapes) => _shapes = shapes;

    /// <param name="shapes">Shapes of the tensors by their names.</param>
    /// <param name="source">Their file, for messages.</param>
    /// <param name="headCount">Attention heads; null infers them too.</param>
    /// <param name="input">Height and width of the input; null infers them as those of a square.</param>
    /// <exception cref="InvalidDataException">
    /// Tensors by which a SiT is known are missing, or the number of heads cannot be told.
    /// </exception>
    public static SiTOptions FromShapes(IReadOnlyDictionary<string, long[]> shapes, string source, int? headCount = null, (int Height, int Width)? input = null)
    {
        SiTInference inference = new(shapes);
        SiTOptions options = inference.Sizes(input);
        if (inference._missing.Count > 0)
        {
            throw new InvalidDataException(
                $"'{source}' holds no SiT, LightningDiT or GMem network whose shape can be told: "
                    + $"{string.Join("; ", inference._missing)}. Set Network if it is one of another layout.");
        }

        int heads = headCount ?? inference.Heads(options) ?? throw new InvalidDataException(
            $"'{source}' does not tell the number of attention heads of a network {options.HiddenSize} wide and {options.Depth} deep, "
                + "which is no published size. Set HeadCount.");
        return inference.WithSwitches(options) with { HeadCount = heads };
    }

    private SiTOptions Sizes((int Height, int Width)? input)
    {
        long patch = Size("x_embedder.proj.weight", 4, 2);
        long tokens = Size("pos_embed", 3, 1);
        long grid = (long)Math.Round(Math.Sqrt(tokens));
        int side = (int)Math.Min(grid * patch, int.MaxValue);
        if (input is null && grid * grid != tokens)
        {
            _missing.Add($"'pos_embed' has {tokens} positions, which are no square (set ImageShape)");
        }
        else if (input is { } given && (given.Height / patch) * (given.Width / patch) != tokens)
        {
            _missing.Add($"'pos_embed' has {tokens} positions, which are not those of an input of {given.Width} x {given.Height}");
        }

        int channels = (int)Size("x_embedder.proj.weight", 4, 1);
        return new SiTOptions
        {
            HiddenSize = (int)Size("x_embedder.proj.weight", 4, 0),
            PatchSize = (int)patch,
            Depth = Math.Max(
                1, _shapes.Keys.Select(n => Block().Match(n)).Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct().Count()),
            FrequencyEmbeddingSize = (int)Size("t_embedder.mlp.0.weight", 2, 1),
            MlpHiddenSize = (int)(
                Has("blocks.0.mlp.w3.weight") ? Size("blocks.0.mlp.w3.weight", 2, 1) : Size("blocks.0.mlp.fc1.weight", 2, 0)),
            LearnSigma = Size("final_layer.linear.weight", 2, 0) == 2 * patch * patch * Size("x_embedder.proj.weight", 4, 1),
            UseShift = Size("blocks.0.adaLN_modulation.1.weight", 2, 0) != 4 * Size("x_embedder.proj.weight", 4, 0),
        }.WithInput(channels, input?.Height ?? side, input?.Width ?? side);
    }

    private SiTOptions WithSwitches(SiTOptions options)
    {
        List<Condition> conditions = [];
        if (Find("y_embedder.embedding_table.weight", 2) is { } table)
        {
            // Published tables end with the null label.
            conditions.Add(new LabelCondition { ClassCount = (int)Math.Max(1, table[0] - 1) });
        }

        if (Find("condition_projection.linear.weight", 2) is { } snippet)
        {
            conditions.Add(new SnippetCondition { Size = (int)snippet[1], Scale = 1 });
        }

        SiTOptions complete = options with
        {
            UseSwiGlu = Has("blocks.0.mlp.w3.weight"),
            UseRmsNorm = Has("blocks.0.norm1.weight"),
            UseQkNorm = Has("blocks.0.attn.q_norm.weight"),
            UseRope = Has("feat_rope.freqs_cos"),
            Conditions = conditions,
        };
        return Find("projector.0.0.weight", 2) is { } first && Find("projector.0.4.weight", 2) is { } last
            ? complete with
            {
                ProjectorHiddenSize = (int)first[0],
                ProjectionSize = (int)last[0],
                ProjectorDepth = Math.Min(options.ProjectorDepth, options.Depth),
            }
            : complete;
    }

    private int? Heads(SiTOptions options)
    {
        long[]? head = Find("feat_rope.freqs_cos", 2)?[1..] ?? Find("blocks.0.attn.q_norm.weight", 1);
        return head is [> 0 and long size] ? (int)Math.Max(1, options.HiddenSize / size)
            : SiTPreset.All.FirstOrDefault(p => p.HiddenSize == options.HiddenSize && p.Depth == options.Depth)?.HeadCount;
    }

    private bool Has(string name) => _shapes.ContainsKey(name);

    private long[]? Find(string name, int rank) =>
        _shapes.TryGetValue(name, out long[]? shape) && shape.Length == rank && Array.TrueForAll(shape, s => s is >= 1 and <= int.MaxValue)
            ? shape
            : null;

    private long Size(string name, int rank, int axis)
    {
        if (Find(name, rank) is { } shape)
        {
            return shape[axis];
        }

        string fault = Has(name) ? $"'{name}' is [{string.Join(", ", _shapes[name])}], expected {rank} sizes" : $"'{name}' is missing";
        if (!_missing.Contains(fault))
        {
            _missing.Add(fault);
        }

        return 1;
    }

    [GeneratedRegex(@"^blocks\.(\d+)\.")]
    private static partial Regex Block();
}
