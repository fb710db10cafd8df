namespace GMem.Autoencoders.Kl;

/// <summary>Infers which KL autoencoder a state dictionary with latent diffusion's names belongs to, from its names and shapes.</summary>
internal static class KlInference
{
    private const int MaximumLevels = 16;

    /// <summary>The options of the network. Tensors that do not match them are reported on loading, by name.</summary>
    /// <exception cref="InvalidDataException">These are not the tensors of a KL autoencoder.</exception>
    public static KlAutoencoderOptions FromShapes(IReadOnlyDictionary<string, long[]> shapes, string source)
    {
        string[] needed = ["encoder.conv_in.weight", "encoder.conv_out.weight", "quant_conv.weight", "post_quant_conv.weight"];
        string[] absent = [.. needed.Where(name => !shapes.TryGetValue(name, out long[]? shape) || shape.Length != 4)];
        if (absent.Length > 0)
        {
            throw new InvalidDataException(
                $"'{source}' holds no KL autoencoder with the names of latent diffusion or of diffusers: it lacks "
                    + $"{string.Join(", ", absent)} (4 axes each). It holds {shapes.Count} tensors of "
                + $"such an autoencoder{(shapes.Count == 0 ? "" : $", among them {string.Join(", ", shapes.Keys.Take(4))}")}.");
        }

        int channels = Limited(shapes["encoder.conv_in.weight"][0]);
        int latent = Limited(shapes["post_quant_conv.weight"][1]);
        int levels = 1 + Largest(shapes.Keys, "encoder.down.", 2);
        if (channels < 1 || levels > MaximumLevels)
        {
            throw new InvalidDataException($"'{source}' holds no usable KL autoencoder: {channels} channels in {levels} levels.");
        }

        KlAutoencoderOptions options = new()
        {
            BaseChannels = channels,
            ChannelMultipliers = [.. Enumerable.Range(0, levels).Select(i => Multiplier(shapes, i, channels, source))],
            ResidualBlocks = 1 + Largest(shapes.Keys, "encoder.down.0.block.", 4),
            BottleneckChannels = Limited(shapes["encoder.conv_out.weight"][0]) / 2,
            LatentChannels = latent,
            EncoderAttentionLevels = Attention(shapes, "encoder.down", levels),
            DecoderAttentionLevels = Attention(shapes, "decoder.up", levels),
            Variational = shapes["quant_conv.weight"][0] != latent,
        };
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"'{source}' holds no usable KL autoencoder: {error.Message}", error);
        }
    }

    private static int Limited(long size) => (int)Math.Min(size, int.MaxValue);

    private static int Multiplier(IReadOnlyDictionary<string, long[]> shapes, int level, int channels, string source)
    {
        string name = $"encoder.down.{level}.block.0.conv1.weight";
        return shapes.TryGetValue(name, out long[]? shape) && shape.Length == 4 && shape[0] % channels == 0
            ? Limited(shape[0] / channels)
            : throw new InvalidDataException(
                $"'{source}' has no '{name}' [C, C', 3, 3] with C a multiple of {channels}, the channels of encoder.conv_in, so the "
                    + "levels of the autoencoder cannot be inferred.");
    }

    private static int[] Attention(IReadOnlyDictionary<string, long[]> shapes, string levels, int count) =>
        [.. Enumerable.Range(0, count).Where(i => shapes.ContainsKey($"{levels}.{i}.attn.0.norm.weight"))];

    /// <summary>The largest number at the given position among the names with this prefix; 0 if there is none.</summary>
    private static int Largest(IEnumerable<string> names, string prefix, int place) => names
        .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
        .Select(name => name.Split('.'))
        .Select(parts => parts.Length > place && int.TryParse(parts[place], NumberStyles.None, CultureInfo.InvariantCulture,
            out int index) ? Math.Min(index, 1 << 20) : 0)
        .DefaultIfEmpty(0)
        .Max();
}
