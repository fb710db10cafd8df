namespace GMem.Backbone;

/// <summary>Cuts an image into patches and embeds each: a convolution whose kernel is its stride, computed as one matrix product.</summary>
internal sealed class PatchEmbedding : torch.nn.Module
{
    public readonly PatchProjection proj;
    private readonly int _patch;

    public PatchEmbedding(SiTOptions options, torch.Device device, torch.ScalarType dtype)
        : base(nameof(PatchEmbedding))
    {
        _patch = options.PatchSize;
        proj = new PatchProjection(options, device, dtype);
        RegisterComponents();
    }

    /// <summary><c>[B, C, H, W]</c> to tokens <c>[B, T, D]</c>, row by row.</summary>
    public torch.Tensor forward(torch.Tensor x)
    {
        long batch = x.shape[0], channels = x.shape[1], rows = x.shape[2] / _patch, columns = x.shape[3] / _patch;
        torch.Tensor patches = x.reshape(batch, channels, rows, _patch, columns, _patch).permute(0, 2, 4, 1, 3, 5)
            .reshape(batch, rows * columns, channels * _patch * _patch);
        return torch.nn.functional.linear(patches, proj.weight.flatten(1), proj.bias);
    }

    /// <summary>The kernel, <c>[D, C, p, p]</c>, and bias, <c>[D]</c>, under the names of a convolution.</summary>
    internal sealed class PatchProjection : torch.nn.Module
    {
        public readonly Parameter weight;
        public readonly Parameter bias;

        public PatchProjection(SiTOptions options, torch.Device device, torch.ScalarType dtype)
            : base(nameof(PatchProjection))
        {
            weight = Linear.Unset([options.HiddenSize, options.InputChannels, options.PatchSize, options.PatchSize], device, dtype);
            bias = Linear.Unset([options.HiddenSize], device, dtype);
            RegisterComponents();
        }
    }
}
