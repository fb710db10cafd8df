using GMem.Autoencoders;
using GMem.Parts;
using GMem.Runtime;
using TorchSharp;

namespace GMem.OutsideProject;

/// <summary>A user's autoencoder: the 12 values of each 2 x 2 block of pixels, mixed by an orthogonal matrix.</summary>
public sealed class MixingAutoencoder : ImageAutoencoder
{
    public static readonly PartKind SavedKind = new("mixing");

    private readonly torch.Tensor _mixing;

    /// <param name="mixing">float32 <c>[12, 12]</c>, orthogonal; taken over.</param>
    public MixingAutoencoder(torch.Tensor mixing) => _mixing = mixing.DetachFromDisposeScope();

    public override PartKind Kind => SavedKind;

    public override int Channels => 12;

    public override int DownsamplingFactor => 2;

    public bool IsFreed { get; private set; }

    public static MixingAutoencoder Create(ulong seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(seed);
        return new MixingAutoencoder(torch.linalg.qr(torch.randn([12, 12], generator: generator)).Q);
    }

    public static MixingAutoencoder Load(SavedPart saved) => new(saved.Tensor("mixing").clone());

    public override (torch.Tensor Mean, torch.Tensor? Deviation) EncodeRaw(torch.Tensor images)
    {
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor blocks = torch.nn.functional.pixel_unshuffle(images.to(torch.float32), 2);
        return (Mix(blocks, _mixing).MoveToOuterDisposeScope(), null);
    }

    public override torch.Tensor DecodeRaw(torch.Tensor latents)
    {
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pixels = torch.nn.functional.pixel_shuffle(Mix(latents, _mixing.t()), 2).round();
        return pixels.minimum(torch.tensor([255f])).maximum(torch.tensor([0f])).to(torch.uint8).MoveToOuterDisposeScope();
    }

    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() =>
        new Dictionary<string, torch.Tensor> { ["mixing"] = _mixing };

    protected override void Dispose(bool disposing)
    {
        IsFreed = true;
        _mixing.Dispose();
    }

    private static torch.Tensor Mix(torch.Tensor latents, torch.Tensor matrix) => torch.einsum("oc,bchw->bohw", matrix, latents);
}
