using GMem.Encoders;
using GMem.Parts;
using TorchSharp;

namespace GMem.Tests.Latents;

/// <summary>Counts the images that another encoder encodes, and fails after so many calls if told to.</summary>
internal sealed class CountingEncoder(SnippetEncoder inner, int failsAtCall = int.MaxValue) : SnippetEncoder
{
    private int _calls;

    public long Encoded { get; private set; }

    public bool IsFreed { get; private set; }

    public override PartKind Kind => inner.Kind;

    public override int Dimension => inner.Dimension;

    public override int PatchTokenDimension => inner.PatchTokenDimension;

    public override torch.Tensor Encode(torch.Tensor images)
    {
        Count(images);
        return inner.Encode(images);
    }

    public override (torch.Tensor Snippets, torch.Tensor Tokens) EncodeWithPatches(torch.Tensor images)
    {
        Count(images);
        return inner.EncodeWithPatches(images);
    }

    public override PartConfiguration SaveConfiguration() => inner.SaveConfiguration();

    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => inner.SaveTensors();

    protected override void Dispose(bool disposing)
    {
        IsFreed = true;
        inner.Dispose();
    }

    private void Count(torch.Tensor images)
    {
        if (++_calls >= failsAtCall)
        {
            throw new IOException("the machine was switched off");
        }

        Encoded += images.shape[0];
    }
}
