using System.Buffers.Binary;

namespace GMem.FileFormats;

/// <summary>
/// A pickle machine that knows the instructions by which PyTorch writes tensors, dictionaries, lists, tuples, numbers and text, and no
/// other. It calls nothing. Names other than those of <see cref="PickleGlobal"/> are refused. There is no recursion, and all memory is paid
/// for from a budget before it is taken.
/// </summary>
internal sealed class PickleReader
{
    private readonly PickleBytes _bytes;
    private readonly PickleTensors _tensors;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<long, object?> _memo = [];
    private long _budget;

    private PickleReader(byte[] bytes, PickleTensors tensors, long budget)
    {
        _bytes = new PickleBytes(bytes, tensors);
        _tensors = tensors;
        _budget = budget;
    }

    /// <summary>Runs a pickle.</summary>
    /// <param name="bytes">All of it.</param>
    /// <param name="tensors">Makes tensors of their descriptions.</param>
    /// <param name="budget">How many bytes of memory its objects may take.</param>
    public static object? Read(byte[] bytes, PickleTensors tensors, long budget) => new PickleReader(bytes, tensors, budget).Run();

    /// <summary>Whether a value may be part of a result.</summary>
    public static bool IsPlain(object? value) =>
        value is not (PickleGlobal or CheckpointStorage) && value is not PickleTuple { IsPlain: false };

    private object? Run()
    {
        while (true)
        {
            byte code = _bytes.TakeByte();
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
            case 0x80: Protocol(_bytes.TakeByte()); break;
            case 0x95: _bytes.Take(8); break; // FRAME: only tells how much to buffer.
            case (byte)'(': Pay(24); _marks.Push(_stack.Count); break;
            case (byte)'N': Push(null, 0); break;
            case 0x88: Push(true, 24); break;
            case 0x89: Push(false, 24); break;
            case (byte)'K': Push((long)_bytes.TakeByte(), 24); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(_bytes.Take(2)), 24); break;
            case (byte)'J': Push(_bytes.TakeInteger(4), 24); break;
            case 0x8a: Push(_bytes.TakeInteger(_bytes.TakeByte()), 24); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(_bytes.Take(8)), 24); break;
            case (byte)'X': PushText(_bytes.TakeUInt32()); break;
            case 0x8c: PushText(_bytes.TakeByte()); break;
            case 0x8d: PushText(_bytes.TakeUInt64()); break;
            case (byte)'}': Push(new PickleDictionary(ordered: false), 128); break;
            case (byte)']': Push(new List<object?>(), 64); break;
            case (byte)')': PushTuple([]); break;
            case 0x85 or 0x86 or 0x87: PushTuple(Pop(code - 0x84)); break;
            case (byte)'t': PushTuple(PopToMark()); break;
            case (byte)'a': Append(Pop(1)); break;
            case (byte)'e': Append(PopToMark()); break;
            case (byte)'s': SetItems(Pop(2)); break;
            case (byte)'u': SetItems(PopToMark()); break;
            case (byte)'q': Memoize(_bytes.TakeByte()); break;
            case (byte)'r': Memoize(_bytes.TakeUInt32()); break;
            case 0x94: Memoize(_memo.Count); break;
            case (byte)'h': Recall(_bytes.TakeByte()); break;
            case (byte)'j': Recall(_bytes.TakeUInt32()); break;
            case (byte)'c': PushGlobal(_bytes.TakeLine(), _bytes.TakeLine()); break;
            case 0x93: PushGlobal(Pop(2)); break;
            case (byte)'Q': Push(_tensors.Storage(Pop()), 64); break;
            case (byte)'R': Reduce(Pop(2)); break;
            case 0x81: MakeObject(Pop(2)); break;
            case (byte)'b': Build(Pop()); break;
            default:
                throw _tensors.Refused(
                $"uses the pickle instruction 0x{code:x2} at byte {_bytes.At - 1:N0}, which tensors, dictionaries, lists, numbers and "
                    + "text do not need");
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
        string text = _bytes.TakeText(length);
        Push(text, 32 + (2L * text.Length));
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
            : throw _tensors.Refused(
                $"refers to '{(name.Length > 200 ? name[..200] : name)}'. Only tensors, dictionaries, lists, tuples, numbers, text and "
                    + "None are read, and nothing is ever executed"), 0);
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
            dictionary[items[i] is string or long or double or bool ? items[i]! : throw _tensors.Refused("has a dictionary key that is "
                + "neither text nor a number")] = Plain(items[i + 1]);
        }
    }

    private void Memoize(long index)
    {
        Pay(112);
        _memo[index] = Top();
    }

    private void Recall(long index) =>
        Push(_memo.TryGetValue(index, out object? value)
            ? value : throw _tensors.Damaged($"it recalls the object {index}, which it never stored"), 0);

    private void Reduce(object?[] call)
    {
        if (call is not [PickleGlobal global, PickleTuple arguments] || global.Call is PickleCall.None or PickleCall.Attributes)
        {
            throw _tensors.Damaged("it calls what is no function");
        }

        bool isEmptyDictionary = global.Call == PickleCall.OrderedDictionary && arguments.Count == 0;
        Push(isEmptyDictionary ? new PickleDictionary(ordered: true) : _tensors.Make(global.Call, arguments), 256);
    }

    /// <summary>
    /// The settings of a training script are often an argparse.Namespace: a bag of attributes and nothing else, for which a dictionary
    /// stands here.
    /// </summary>
    private void MakeObject(object?[] call)
    {
        if (call is not [PickleGlobal { Call: PickleCall.Attributes }, PickleTuple { Count: 0 }])
        {
            throw _tensors.Refused("makes an object of a class");
        }

        Push(new PickleDictionary(ordered: false, attributes: true), 128);
    }

    /// <summary>An OrderedDict of weights carries version numbers of its modules as an attribute; nothing here needs them.</summary>
    private void Build(object? state)
    {
        if (Top() is PickleDictionary { IsAttributes: true } target && state is PickleDictionary attributes && target != attributes)
        {
            Pay(128L * attributes.Count);
            foreach ((object name, object? value) in attributes)
            {
                target[name] = value;
            }

            return;
        }

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

    private object? Top() =>
        _stack.Count > (_marks.TryPeek(out int mark) ? mark : 0)
            ? _stack[^1]
            : throw _tensors.Damaged("it uses its stack where that is empty");

    private object? Plain(object? value) =>
        IsPlain(value) ? value : throw _tensors.Refused("has a class or a storage where a value should be");

    private void Pay(long cost)
    {
        _budget -= cost;
        if (_budget < 0)
        {
            throw _tensors.Damaged("its objects would take far more memory than the file has bytes");
        }
    }
}
