namespace GMem.Encoders.DinoV2;

/// <summary>Tells from the names and shapes of an official state dictionary which DINOv2 it belongs to.</summary>
internal static class DinoV2Inference
{
    private const int PublishedHeadDim = 64;

    /// <summary>The options of the network; what does not fit them is for loading to report, name by name.</summary>
    /// <exception cref="InvalidDataException">These are not the tensors of a DINOv2 model.</exception>
    public static DinoV2Options FromShapes(IReadOnlyDictionary<string, long[]> shapes, string source)
    {
        if (!shapes.TryGetValue("pos_embed", out long[]? positions)
            || PositionEmbedding.TrySide(positions) is not long grid
            || !shapes.TryGetValue("patch_embed.proj.weight", out long[]? kernel)
            || kernel is not [long width, 3, _, long patch])
        {
            throw new InvalidDataException(
                $"'{source}' does not hold an official DINOv2 state dictionary: that has 'pos_embed' [1, 1 + M * M, D] and "
                    + "'patch_embed.proj.weight' "
                + $"[D, 3, P, P]. It holds {Describe(shapes)}.");
        }

        if (width % PublishedHeadDim != 0)
        {
            throw new InvalidDataException(
                $"'{source}' is {width} channels wide, like no published DINOv2 ({PublishedHeadDim} channels a head): give "
                    + $"{nameof(DinoV2Options)} with its number of heads.");
        }

        bool swiGlu = shapes.ContainsKey("blocks.0.mlp.w12.weight");
        int registers = shapes.TryGetValue("register_tokens", out long[]? tokens) && tokens.Length == 3 ? Limited(tokens[1]) : 0;
        DinoV2Options options = new()
        {
            EmbedDim = Limited(width),
            Depth = Math.Max(1, Depth(shapes.Keys)),
            Heads = Limited(width / PublishedHeadDim),
            PatchSize = Limited(patch),
            ImageSize = Limited(Math.Min(grid, int.MaxValue) * Math.Min(patch, int.MaxValue)),
            RegisterTokens = registers,
            SwiGlu = swiGlu,
            MlpRatio = !swiGlu && shapes.TryGetValue("blocks.0.mlp.fc1.weight", out long[]? fc1) ? fc1[0] / (double)width : 4,
            InterpolateOffset = registers > 0 ? 0 : 0.1,
            InterpolateAntialias = registers > 0,
        };
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"'{source}' holds no usable DINOv2 model: {error.Message}", error);
        }
    }

    private static int Limited(long size) => (int)Math.Min(size, int.MaxValue);

    private static int Depth(IEnumerable<string> names) => names
        .Select(name => name.Split('.'))
        .Where(parts => parts.Length > 2 && parts[0] == "blocks")
        .Select(parts => int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? Math.Min(index,
            1 << 20) + 1 : 0)
        .DefaultIfEmpty(0)
        .Max();

    private static string Describe(IReadOnlyDictionary<string, long[]> shapes)
    {
        string[] first = [.. shapes.Take(4).Select(s => $"{s.Key} [{string.Join(", ", s.Value)}]")];
        return shapes.Count == 0 ? "no tensor" : $"{shapes.Count} tensors, among them {string.Join(", ", first)}";
    }
}
