using GMem.Runtime;
using GMem.Weights;
using TorchSharp;

namespace GMem.Memory;

/// <summary>
/// Reads consecutive vectors of a bank page by page into the same memory. A new tensor for each page would be given back to the system and cleared by it
/// every time, which costs more than reading the bank. Lives in the dispose scope it is made in.
/// </summary>
internal sealed unsafe class VectorPages
{
    private readonly BankLayout _layout;
    private readonly torch.Tensor _stored;
    private readonly torch.Tensor _widened;

    /// <param name="layout">The entries.</param>
    /// <param name="capacity">Most vectors a page holds.</param>
    public VectorPages(BankLayout layout, int capacity)
    {
        _layout = layout;
        _stored = torch.empty([capacity, layout.Width], dtype: layout.Type, device: torch.CPU);
        _widened = layout.Type == torch.ScalarType.Float32 ? _stored : torch.empty([capacity, layout.Width], dtype: torch.float32, device: torch.CPU);
    }

    /// <summary>Vectors as 32-bit floats, <c>[count, width]</c> on the CPU; theirs is the memory of the next page.</summary>
    public torch.Tensor Read(int start, int count)
    {
        nint target = (nint)TensorBytes.Address(_stored);
        long rowBytes = (long)_layout.Width * SafetensorsHeader.ElementSize(_layout.Type);

        // A mapped file's pages are looked up one by one, which takes longer than moving their bytes.
        ParallelRows.For(count, _layout.Width, (from, to) =>
            _layout.CopyVectors(start + (int)from, (int)(to - from), (byte*)(target + ((nint)from * (nint)rowBytes))));
        torch.Tensor page = _widened.narrow(0, 0, count);
        return ReferenceEquals(_widened, _stored) ? page : page.copy_(_stored.narrow(0, 0, count));
    }
}
