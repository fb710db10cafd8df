namespace GMem.Memory;

/// <summary>Rows as they are. They need no normalisation when they are read: it could only move them by a rounding.</summary>
internal sealed class Float32Storage : SnippetStorage
{
    public const string Name = "Float32";

    public override string Kind => Name;

    public override torch.ScalarType ElementType => torch.ScalarType.Float32;

    public override torch.Tensor Encode(torch.Tensor unitRows) => unitRows.alias();

    public override torch.Tensor Decode(torch.Tensor vectors) => vectors.alias();
}
