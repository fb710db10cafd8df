using System.Buffers.Binary;
using System.Text;

namespace GMem.Tests.FileFormats;

/// <summary>Writes pickles by hand, as torch.save does (protocol 2) or instruction by instruction.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream _bytes = new();

    public PickleWriter(byte protocol = 2) => Raw(0x80, protocol);

    public byte[] ToArray() => _bytes.ToArray();

    public PickleWriter Raw(params byte[] bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public PickleWriter Op(char code) => Raw((byte)code);

    public PickleWriter Stop() => Op('.');

    public PickleWriter Global(string module, string name) => Op('c').Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleWriter Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op('X').Raw(length).Raw(utf8);
    }

    public PickleWriter Long(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw(0x8a, 8).Raw(bytes);
    }

    public PickleWriter Double(double value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, value);
        return Op('G').Raw(bytes);
    }

    public PickleWriter Put(byte index) => Op('q').Raw(index);

    public PickleWriter Get(byte index) => Op('h').Raw(index);

    public PickleWriter Tuple(params long[] values)
    {
        Op('(');
        foreach (long value in values)
        {
            Long(value);
        }

        return Op('t');
    }

    public PickleWriter OrderedDictionary() => Global("collections", "OrderedDict").Op(')').Op('R');

    /// <summary>A persistent id: the storage of that key.</summary>
    public PickleWriter Storage(string kind, string key, long count) =>
        Op('(').Text("storage").Global("torch", kind).Text(key).Text("cpu").Long(count).Op('t').Op('Q');

    public PickleWriter Tensor(string kind, string key, long count, long offset, long[] shape, long[] strides)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(kind, key, count).Long(offset).Tuple(shape).Tuple(strides);
        return Raw(0x89).OrderedDictionary().Op('t').Op('R');
    }

    public PickleWriter Item(string key, Action<PickleWriter> value)
    {
        Text(key);
        value(this);
        return Op('s');
    }
}
