using GMem.Encoders;
using GMem.Parts;
using TorchSharp;

namespace HeadlineResult.Encoders;

/// <summary>The snippets of one encoder and the patch tokens of another. Owns both.</summary>
internal sealed class EncoderWithTokens(SnippetEncoder snippets, SnippetEncoder tokens) : SnippetEncoder
{
    public override PartKind Kind => new($"{snippets.Kind.Name} with {tokens.Kind.Name}");

    public override int Dimension => snippets.Dimension;

    public override int PatchTokenDimension => tokens.PatchTokenDimension;

    public override torch.Tensor Encode(torch.Tensor images) => snippets.Encode(images);

    public override (torch.Tensor Snippets, torch.Tensor Tokens) EncodeWithPatches(torch.Tensor images)
    {
        (torch.Tensor unused, torch.Tensor ofPatches) = tokens.EncodeWithPatches(images);
        unused.Dispose();
        return (snippets.Encode(images), ofPatches);
    }

    // What decides the tokens, for the key under which they are cached.
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() =>
        snippets.SaveTensors().Select(t => (Name: $"snippets.{t.Key}", t.Value))
            .Concat(tokens.SaveTensors().Select(t => (Name: $"tokens.{t.Key}", t.Value)))
            .ToDictionary(t => t.Name, t => t.Value);

    protected override void Dispose(bool disposing)
    {
        snippets.Dispose();
        tokens.Dispose();
    }
}
