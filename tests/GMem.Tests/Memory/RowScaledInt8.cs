using System.Runtime.InteropServices;
using GMem.Memory;
using TorchSharp;

namespace GMem.Tests.Memory;

/// <summary>
/// A storage kind as a user would write one, with public API only: 8-bit integers and, in the last four bytes of each vector, the
/// row's scale as a 32-bit float.
/// </summary>
internal sealed class RowScaledInt8 : SnippetStorage
{
    public const string Name = "RowScaledInt8";
    private const int ScaleBytes = sizeof(float);
    private const float Largest = 127;

    public override string Kind => Name;

    public override torch.ScalarType ElementType => torch.ScalarType.Int8;

    public override int WidthOf(int dimension) => dimension + ScaleBytes;

    public override int DimensionOf(int width) => width - ScaleBytes;

    public override torch.Tensor Encode(torch.Tensor unitRows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor scales = unitRows.abs().amax([1], keepdim: true) / torch.tensor(Largest);
        torch.Tensor numbers = (unitRows / scales).round().to(torch.int8);
        sbyte[] scaleBytes = [.. MemoryMarshal.Cast<float, sbyte>(scales.data<float>().ToArray())];
        return torch.cat([numbers, torch.tensor(scaleBytes, [unitRows.shape[0], ScaleBytes])], 1).MoveToOuterDisposeScope();
    }

    public override torch.Tensor Decode(torch.Tensor vectors)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        int dimension = DimensionOf((int)vectors.shape[1]);
        sbyte[] scaleBytes = vectors.narrow(1, dimension, ScaleBytes).contiguous().data<sbyte>().ToArray();
        torch.Tensor scales = torch.tensor(MemoryMarshal.Cast<sbyte, float>(scaleBytes).ToArray()).unsqueeze(1);
        return Snippets.Normalize(vectors.narrow(1, 0, dimension).to(torch.float32) * scales).MoveToOuterDisposeScope();
    }

    public override torch.Tensor Kept(torch.Tensor unitRows, torch.Tensor vectors)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return (Decode(vectors) * unitRows).sum(1).MoveToOuterDisposeScope();
    }
}
