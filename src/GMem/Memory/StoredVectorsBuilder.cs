using GMem.Weights;
using TorchSharp;

namespace GMem.Memory;

/// <summary>Fills a matrix in managed memory page by page, so that no second copy of it ever exists.</summary>
internal sealed unsafe class StoredVectorsBuilder(int count, int width, torch.ScalarType type)
{
    private readonly ManagedBytes _bytes = new((long)count * width * SafetensorsHeader.ElementSize(type));
    private int _filled;

    public void Append(torch.Tensor vectors)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor stored = vectors.detach().to(type).cpu().contiguous();
        long length = TensorBytes.Length(stored);
        byte* address = TensorBytes.Address(stored);
        for (long done = 0; done < length;)
        {
            int piece = (int)Math.Min(1 << 30, length - done);
            _bytes.Append(new ReadOnlySpan<byte>(address + done, piece));
            done += piece;
        }

        _filled += (int)vectors.shape[0];
    }

    public StoredVectors Build() => _filled == count
        ? new StoredVectors(_bytes, width, type)
        : throw new InvalidOperationException($"{_filled:N0} rows were given of {count:N0}.");
}
