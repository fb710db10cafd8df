namespace GMem.Autoencoders.Kl;

/// <summary>Converts the tensors of any published KL autoencoder to latent diffusion's names and shapes.</summary>
internal static class KlStateDict
{
    private const string FirstStage = "first_stage_model.";
    private static readonly string[] Roots = ["encoder.", "decoder.", "quant_conv.", "post_quant_conv."];

    /// <summary>Whether a tensor may belong to an autoencoder. The other tensors of a training checkpoint need not be read.</summary>
    public static bool MayBelong(string name) => name.StartsWith(FirstStage, StringComparison.Ordinal) || IsOwn(name);

    /// <summary>
    /// Picks the autoencoder's tensors, strips the prefix they have in whole diffusion models, and translates diffusers' names. The other
    /// contents of a training checkpoint (losses, a foundation model) are left out.
    /// </summary>
    /// <returns>The selected tensors, or views of them, under their official names.</returns>
    public static Dictionary<string, torch.Tensor> Normalize(IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        bool prefixed = tensors.Keys.Any(name => name.StartsWith(FirstStage, StringComparison.Ordinal));
        Dictionary<string, torch.Tensor> own = tensors
            .Where(t => !prefixed || t.Key.StartsWith(FirstStage, StringComparison.Ordinal))
            .Select(t => (Name: prefixed ? t.Key[FirstStage.Length..] : t.Key, t.Value))
            .Where(t => IsOwn(t.Name))
            .ToDictionary(t => t.Name, t => t.Value, StringComparer.Ordinal);
        if (!DiffusersNames.AreDiffusers(own.Keys))
        {
            return own;
        }

        int levels = DiffusersNames.Levels(own.Keys);
        Dictionary<string, torch.Tensor> renamed = new(StringComparer.Ordinal);
        foreach ((string name, torch.Tensor tensor) in own)
        {
            string official = DiffusersNames.ToLatentDiffusion(name, levels);
            if (!renamed.TryAdd(official, AsKernel(official, tensor)))
            {
                throw new InvalidDataException($"Two tensors in the file map to '{official}'; one of them is '{name}'.");
            }
        }

        return renamed;
    }

    private static bool IsOwn(string name) => Roots.Any(root => name.StartsWith(root, StringComparison.Ordinal));

    /// <summary>Attention layers are linear (C x C) in diffusers; here they are 1 x 1 convolutions.</summary>
    private static torch.Tensor AsKernel(string official, torch.Tensor tensor) =>
        official.Contains(".attn", StringComparison.Ordinal) && tensor.shape.Length == 2
            ? tensor.reshape(tensor.shape[0], tensor.shape[1], 1, 1)
            : tensor;
}
