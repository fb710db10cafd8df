using GMem.Memory;
using TorchSharp;

namespace GMem.Extensions.Tests;

/// <summary>
/// Rows one of which can no longer be read from some moment on, as on a disk that fails. Until then whoever reads several rows waits.
/// </summary>
/// <param name="bad">The first component of that row.</param>
internal sealed class DamagedStorage(float bad) : SnippetStorage
{
    private readonly ManualResetEventSlim _damaged = new();

    public override string Kind => "damaged";

    public override torch.ScalarType ElementType => torch.ScalarType.Float32;

    /// <summary>Whether somebody waits to read several rows.</summary>
    public bool IsAwaited { get; private set; }

    public void Damage() => _damaged.Set();

    public override torch.Tensor Encode(torch.Tensor unitRows) => unitRows.alias();

    public override torch.Tensor Decode(torch.Tensor vectors)
    {
        if (vectors.shape[0] > 1)
        {
            IsAwaited = true;
            _damaged.Wait();
        }

        using torch.Tensor first = vectors.select(1, 0);
        using torch.Tensor values = first.contiguous();
        return _damaged.IsSet && values.data<float>().Contains(bad)
            ? throw new InvalidDataException("Entry 7 of the bank is damaged.")
            : vectors.alias();
    }
}
