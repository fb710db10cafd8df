namespace GMem.Autoencoders.Kl;

/// <summary>Brings the tensors of any published file of a KL autoencoder to the names and shapes of latent diffusion's.</summary>
internal static class KlStateDict
{
    private const string FirstStage = "first_stage_model.";
    private static readonly string[] Roots = ["encoder.", "decoder.", "quant_conv.", "post_quant_conv."];

    /// <summary>Whether a tensor of a file may belong to an autoencoder; what else a training checkpoint holds need not be read.</summary>
    public static bool MayBelong(string name) => name.StartsWith(FirstStage, StringComparison.Ordinal) || IsOwn(name);

    /// <summary>
    /// Picks the autoencoder's tensors, strips the prefix which whole diffusion models give them, translates diffusers' names. What else a
    /// training
    /// checkpoint holds (losses, a foundation model) is left out.
    /// </summary>
    /// <returns>Some of the tensors given, or views of them, under official names.</returns>
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
                throw new InvalidDataException($"Two tensors of the file stand for '{official}'; one of them is '{name}'.");
            }
        }

        return renamed;
    }

    private static bool IsOwn(string name) => Roots.Any(root => name.StartsWith(root, StringComparison.Ordinal));

    /// <summary>In diffusers the layers of attention are linear, C x C; here they are 1 x 1 convolutions.</summary>
    private static torch.Tensor AsKernel(string official, torch.Tensor tensor) =>
        official.Contains(".attn", StringComparison.Ordinal) && tensor.shape.Length == 2
            ? tensor.reshape(tensor.shape[0], tensor.shape[1], 1, 1)
            : tensor;
}
