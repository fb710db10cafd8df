namespace GMem.Latents;

/// <summary>The names and types under which encoded images are kept, in memory and in shards.</summary>
/// <remarks>
/// <c>latents</c>, <c>latents_flip</c> and <c>labels</c> are those of the public code, which can read our shards for that reason; the rest
/// is ours. Latents and snippets are float32. Deviations and patch tokens, which are noise and targets, are float16: half the space, and an
/// error of 5e-4 of their size.
/// </remarks>
internal static class EncodedTable
{
    /// <summary>Latents before normalisation: means where they are drawn from a distribution. <c>[n, C, h, w]</c>.</summary>
    public const string Latents = "latents";

    /// <summary>Standard deviations of the latents, where they are drawn from a distribution.</summary>
    public const string Deviations = "latents_std";

    /// <summary>Snippets of unit length, <c>[n, m]</c>.</summary>
    public const string Snippets = "snippets";

    /// <summary>Patch tokens on the grid of the network's tokens, <c>[n, T, z]</c>.</summary>
    public const string Tokens = "tokens";

    /// <summary>Class numbers, int64 <c>[n]</c>.</summary>
    public const string Labels = "labels";

    public const torch.ScalarType SmallType = torch.ScalarType.Float16;

    /// <summary>The same of the image mirrored left-right.</summary>
    public static string Mirrored(string name) => name + "_flip";
}
