using System.Buffers.Binary;
using System.Text;

namespace GMem.Weights;

/// <summary>
/// A pickle machine that knows the instructions by which PyTorch writes tensors, dictionaries, lists, tuples, numbers and text, and no other.
/// It calls nothing. Names other than those of <see cref="PickleGlobal"/> are refused. There is no recursion, and all memory is
/// paid for from a budget before it is taken.
/// </summary>
internal sealed class PickleReader
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _bytes;
    private readonly PickleTensors _tensors;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<long, object?> _memo = [];
    private long _budget;
    private int _at;

    private PickleReader(byte[] bytes, PickleTensors tensors, long budget)
    {
        _bytes = bytes;
        _tensors = tensors;
        _budget = budget;
    }

    /// <summary>Runs a pickle.</summary>
    /// <param name="bytes">All of it.</param>
    /// <param name="tensors">Makes tensors of their descriptions.</param>
    /// <param name="budget">How many bytes of memory its objects may take.</param>
    public static object? Read(byte[] bytes, PickleTensors tensors, long budget) => new PickleReader(bytes, tensors, budget).Run();

    /// <summary>Whether a value may be part of a result.</summary>
    public static bool IsPlain(object? value) => value is not (PickleGlobal or CheckpointStorage) && value is not PickleTuple { IsPlain: false };

    private object? Run()
    {
        while (true)
        {
            byte code = Take(1)[0];
            if (code == '.')
            {
                return Plain(Pop());
            }

            Step(code);
        }
    }

    private void Step(byte code)
    {
        switch (code)
        {
            case 0x80: Protocol(Take(1)[0]); break;
            case 0x95: Take(8); break; // FRAME: only tells how much to buffer.
            case (byte)'(': Pay(24); _marks.Push(_stack.Count); break;
            case (byte)'N': Push(null, 0); break;
            case 0x88: Push(true, 24); break;
            case 0x89: Push(false, 24); break;
            case (byte)'K': Push((long)Take(1)[0], 24); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)), 24); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)), 24); break;
            case 0x8a: Push(Integer(Take(Take(1)[0])), 24); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)), 24); break;
            case (byte)'X': PushText(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case 0x8c: PushText(Take(1)[0]); break;
            case 0x8d: PushText(BinaryPrimitives.ReadUInt64LittleEndian(Take(8))); break;
            case (byte)'}': Push(new PickleDictionary(ordered: false), 128); break;
            case (byte)']': Push(new List<object?>(), 64); break;
            case (byte)')': PushTuple([]); break;
            case 0x85 or 0x86 or 0x87: PushTuple(Pop(code - 0x84)); break;
            case (byte)'t': PushTuple(PopToMark()); break;
            case (byte)'a': Append(Pop(1)); break;
            case (byte)'e': Append(PopToMark()); break;
            case (byte)'s': SetItems(Pop(2)); break;
            case (byte)'u': SetItems(PopToMark()); break;
            case (byte)'q': Memoize(Take(1)[0]); break;
            case (byte)'r': Memoize(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case 0x94: Memoize(_memo.Count); break;
            case (byte)'h': Recall(Take(1)[0]); break;
            case (byte)'j': Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case (byte)'c': PushGlobal(Line(), Line()); break;
            case 0x93: PushGlobal(Pop(2)); break;
            case (byte)'Q': Push(_tensors.Storage(Pop()), 64); break;
            case (byte)'R': Reduce(Pop(2)); break;
            case (byte)'b': Build(Pop()); break;
            default: throw _tensors.Refused($"uses the pickle instruction 0x{code:x2} at byte {_at - 1:N0}, which tensors, dictionaries, lists, numbers and text do not need");
        }
    }

    private void Protocol(byte version)
    {
        if (version is < 2 or > 5)
        {
            throw _tensors.Damaged($"its pickle is of protocol {version}; read are 2 to 5");
        }
    }

    private void Push(object? value, long cost)
    {
        Pay(32 + cost);
        _stack.Add(value);
    }

    private void PushText(ulong length)
    {
        if (length > (ulong)(_bytes.Length - _at))
        {
            throw _tensors.Damaged($"a text of {length:N0} bytes is announced where {_bytes.Length - _at:N0} are left");
        }

        Pay(2 * (long)length);
        try
        {
            Push(Strict.GetString(Take((int)length)), 32);
        }
        catch (DecoderFallbackException e)
        {
            throw _tensors.Damaged("a text in it is not UTF-8", e);
        }
    }

    private void PushTuple(object?[] items) => Push(new PickleTuple(items), 64 + (8L * items.Length));

    private void PushGlobal(object?[] names)
    {
        if (names is not [string module, string member])
        {
            throw _tensors.Damaged("a name in it is not text");
        }

        PushGlobal(module, member);
    }

    private void PushGlobal(string module, string member)
    {
        string name = $"{module}.{member}";
        Push(PickleGlobal.TryFind(name, out PickleGlobal? global) ? global
            : throw _tensors.Refused($"refers to '{(name.Length > 200 ? name[..200] : name)}'. Only tensors, dictionaries, lists, tuples, numbers, text and None are read, and nothing is ever executed"), 0);
    }

    private void Append(object?[] items)
    {
        if (Top() is not List<object?> list)
        {
            throw _tensors.Damaged("it appends to what is no list");
        }

        Pay(32L * items.Length);
        foreach (object? item in items)
        {
            list.Add(Plain(item));
        }
    }

    private void SetItems(object?[] items)
    {
        if (Top() is not PickleDictionary dictionary || items.Length % 2 != 0)
        {
            throw _tensors.Damaged("it sets items of what is no dictionary");
        }

        Pay(64L * items.Length);
        for (int i = 0; i < items.Length; i += 2)
        {
            dictionary[items[i] is string or long or double or bool ? items[i]! : throw _tensors.Refused("has a dictionary key that is neither text nor a number")] = Plain(items[i + 1]);
        }
    }

    private void Memoize(long index)
    {
        Pay(112);
        _memo[index] = Top();
    }

    private void Recall(long index) => Push(_memo.TryGetValue(index, out object? value) ? value : throw _tensors.Damaged($"it recalls the object {index}, which it never stored"), 0);

    private void Reduce(object?[] call)
    {
        if (call is not [PickleGlobal global, PickleTuple arguments] || global.Call == PickleCall.None)
        {
            throw _tensors.Damaged("it calls what is no function");
        }

        Push(global.Call == PickleCall.OrderedDictionary && arguments.Count == 0 ? new PickleDictionary(ordered: true) : _tensors.Make(global.Call, arguments), 256);
    }

    /// <summary>An OrderedDict of weights carries version numbers of its modules as an attribute; nothing here needs them.</summary>
    private void Build(object? state)
    {
        if (Top() is not PickleDictionary { IsOrdered: true } || state is not (PickleDictionary or null))
        {
            throw _tensors.Refused("sets attributes of an object");
        }
    }

    private object? Pop() => Pop(1)[0];

    private object?[] Pop(int count)
    {
        int start = _stack.Count - count;
        if (start < (_marks.TryPeek(out int mark) ? mark : 0))
        {
            throw _tensors.Damaged("it takes more from its stack than is there");
        }

        object?[] items = [.. _stack[start..]];
        _stack.RemoveRange(start, count);
        return items;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0)
        {
            throw _tensors.Damaged("it ends a group that it never began");
        }

        object?[] items = Pop(_stack.Count - _marks.Peek());
        _marks.Pop();
        return items;
    }

    private object? Top() => _stack.Count > (_marks.TryPeek(out int mark) ? mark : 0) ? _stack[^1] : throw _tensors.Damaged("it uses its stack where that is empty");

    private object? Plain(object? value) => IsPlain(value) ? value : throw _tensors.Refused("has a class or a storage where a value should be");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _at)
        {
            throw _tensors.Damaged("its pickle ends in the middle of an instruction");
        }

        _at += count;
        return _bytes.AsSpan(_at - count, count);
    }

    private string Line()
    {
        int length = _bytes.AsSpan(_at).IndexOf((byte)'\n');
        if (length < 0)
        {
            throw _tensors.Damaged("a name in it does not end");
        }

        Pay(2 * length);
        string line = Encoding.UTF8.GetString(Take(length));
        Take(1);
        return line;
    }

    private long Integer(ReadOnlySpan<byte> littleEndian)
    {
        if (littleEndian.Length > 8)
        {
            throw _tensors.Refused($"has an integer of {littleEndian.Length} bytes; read are 64-bit ones");
        }

        long value = littleEndian.Length > 0 && littleEndian[^1] >= 0x80 ? -1 : 0;
        for (int i = littleEndian.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | littleEndian[i];
        }

        return value;
    }

    private void Pay(long cost)
    {
        _budget -= cost;
        if (_budget < 0)
        {
            throw _tensors.Damaged("its objects would take far more memory than the file has bytes");
        }
    }
}
