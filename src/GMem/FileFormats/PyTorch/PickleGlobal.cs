namespace GMem.FileFormats;

/// <summary>
/// The names that a pickle of a checkpoint may use. They stand for what is done here; nothing is looked up or called by name.
/// </summary>
internal sealed class PickleGlobal
{
    private static readonly Dictionary<string, PickleGlobal> Known = new(StringComparer.Ordinal)
    {
        ["collections.OrderedDict"] = new(PickleCall.OrderedDictionary),
        ["argparse.Namespace"] = new(PickleCall.Attributes),
        ["torch._utils._rebuild_tensor_v2"] = new(PickleCall.Tensor),
        ["torch._utils._rebuild_tensor"] = new(PickleCall.Tensor),
        ["torch._utils._rebuild_parameter"] = new(PickleCall.Parameter),
        ["torch.DoubleStorage"] = new(torch.ScalarType.Float64, 8),
        ["torch.FloatStorage"] = new(torch.ScalarType.Float32, 4),
        ["torch.HalfStorage"] = new(torch.ScalarType.Float16, 2),
        ["torch.BFloat16Storage"] = new(torch.ScalarType.BFloat16, 2),
        ["torch.LongStorage"] = new(torch.ScalarType.Int64, 8),
        ["torch.IntStorage"] = new(torch.ScalarType.Int32, 4),
        ["torch.ShortStorage"] = new(torch.ScalarType.Int16, 2),
        ["torch.CharStorage"] = new(torch.ScalarType.Int8, 1),
        ["torch.ByteStorage"] = new(torch.ScalarType.Byte, 1),
        ["torch.BoolStorage"] = new(torch.ScalarType.Bool, 1),
        ["torch.ComplexFloatStorage"] = new(torch.ScalarType.ComplexFloat32, 8),
        ["torch.ComplexDoubleStorage"] = new(torch.ScalarType.ComplexFloat64, 16),
    };

    private PickleGlobal(PickleCall call) => Call = call;

    private PickleGlobal(torch.ScalarType type, int size)
    {
        Call = PickleCall.None;
        ElementType = type;
        ElementSize = size;
    }

    public PickleCall Call { get; }

    /// <summary>Of a kind of storage; null for functions.</summary>
    public torch.ScalarType? ElementType { get; }

    public int ElementSize { get; }

    public static bool TryFind(string name, out PickleGlobal? global) => Known.TryGetValue(name, out global);
}
