namespace GMem.Memory;

/// <summary>Rows rounded to 16 bits. Rounding changes their length a little, so they are normalised again when they are read.</summary>
internal sealed class Float16Storage : SnippetStorage
{
    public const string Name = "Float16";

    public override string Kind => Name;

    public override torch.ScalarType ElementType => torch.ScalarType.Float16;

    public override torch.Tensor Encode(torch.Tensor unitRows) => unitRows.to(torch.float16);

    public override torch.Tensor Decode(torch.Tensor vectors)
    {
        torch.Tensor rows = vectors.to(torch.float32);
        _ = UnitRows.Normalize(rows);
        return rows;
    }

    public override Func<torch.Tensor, torch.Tensor> Cosines(torch.Tensor queries, int pageLength)
    {
        // One buffer for all pages: a new one each would be returned to the system and cleared by it every time.
        Func<torch.Tensor, torch.Tensor> cosines = CosineKernel.For(queries, normalize: true);
        torch.Tensor widened = torch.empty([pageLength, queries.shape[1]], dtype: torch.float32, device: torch.CPU);
        return vectors => cosines(widened.narrow(0, 0, vectors.shape[0]).copy_(vectors).to(queries.device));
    }
}
