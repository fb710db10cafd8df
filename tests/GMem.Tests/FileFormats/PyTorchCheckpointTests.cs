using GMem.FileFormats;
using TorchSharp;

namespace GMem.Tests.FileFormats;

public sealed class PyTorchCheckpointTests
{
    [Fact]
    public void Open_SettingsOfATrainingScript_AreTheDictionaryOfTheirAttributes()
    {
        byte[] pickle = new PickleWriter().Op('}').Item("args", p => p
            .Global("argparse", "Namespace").Op(')').Raw(0x81)
            .Op('}').Item("lr", v => v.Double(0.5))
            .Item("betas", v => v.Double(0.9).Double(0.95).Raw(0x86)).Item("data_dir", v => v.Op('N')).Op('b')).Stop().ToArray();
        using TemporaryFile file = new(CheckpointFile.Zip(pickle));
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path);
        IReadOnlyDictionary<object, object?> root = Assert.IsAssignableFrom<IReadOnlyDictionary<object, object?>>(checkpoint.Root);
        IReadOnlyDictionary<object, object?> settings = Assert.IsAssignableFrom<IReadOnlyDictionary<object, object?>>(root["args"]);
        Assert.Equal(0.5, settings["lr"]);
        Assert.Equal([0.9, 0.95], Assert.IsAssignableFrom<IReadOnlyList<object?>>(settings["betas"]));
        Assert.Null(settings["data_dir"]);
    }

    [Fact]
    public void Open_ObjectsOfOtherKindsOrBuiltOtherwise_AreRefused()
    {
        Check(p => p.Global("collections", "OrderedDict").Op(')').Raw(0x81));
        Check(p => p.Global("torch", "FloatStorage").Op(')').Raw(0x81));
        Check(p => p.Global("argparse", "Namespace").Op('N').Raw(0x85).Raw(0x81));
        Check(p => p.Global("argparse", "Namespace").Op(')').Op('R'));
        Check(p => p.Global("argparse", "Namespace"));
        Check(p => p.Global("argparse", "Namespace").Op(')').Raw(0x81).Op('N').Op('b'));
        Check(p => p.Global("argparse", "Namespace").Op(')').Raw(0x81).Op(']').Op('b'));
        Check(p => p.Global("argparse", "Namespace").Op(')').Raw(0x81).Put(1).Get(1).Op('b'));

        static void Check(Func<PickleWriter, PickleWriter> write)
        {
            using TemporaryFile file = new(CheckpointFile.Zip(write(new PickleWriter()).Stop().ToArray()));
            Assert.Throws<InvalidDataException>(() => PyTorchCheckpoint.Open(file.Path));
        }
    }

    private static readonly float[] Ten = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

    [Theory]
    [InlineData("DoubleStorage", torch.ScalarType.Float64)]
    [InlineData("FloatStorage", torch.ScalarType.Float32)]
    [InlineData("HalfStorage", torch.ScalarType.Float16)]
    [InlineData("BFloat16Storage", torch.ScalarType.BFloat16)]
    [InlineData("LongStorage", torch.ScalarType.Int64)]
    [InlineData("IntStorage", torch.ScalarType.Int32)]
    [InlineData("ShortStorage", torch.ScalarType.Int16)]
    [InlineData("CharStorage", torch.ScalarType.Int8)]
    [InlineData("ByteStorage", torch.ScalarType.Byte)]
    [InlineData("BoolStorage", torch.ScalarType.Bool)]
    [InlineData("ComplexFloatStorage", torch.ScalarType.ComplexFloat32)]
    [InlineData("ComplexDoubleStorage", torch.ScalarType.ComplexFloat64)]
    public void Read_EveryElementType_GivesItsBits(string kind, torch.ScalarType type)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor expected = torch.tensor(new float[] { 0, 1, 1, 0, 2, 3 }).to(type).reshape(2, 3);
        byte[] pickle = new PickleWriter().Tensor(kind, "0", 6, 0, [2, 3], [3, 1]).Stop().ToArray();
        using TemporaryFile file = new(CheckpointFile.Zip(pickle, new Dictionary<string, byte[]> { ["0"] = expected.bytes.ToArray() }));
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path);
        torch.Tensor actual = checkpoint.Read(Assert.IsType<CheckpointTensor>(checkpoint.Root));
        Assert.Equal(type, actual.dtype);
        Assert.True(actual.equal(expected).all().item<bool>());
    }

    public static TheoryData<long, long[], long[], float[]> Views => new()
    {
        { 0, [10], [1], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
        { 4, [3], [1], [4, 5, 6] },
        { 1, [3], [3], [1, 4, 7] },
        { 0, [2, 3], [1, 2], [0, 2, 4, 1, 3, 5] },
        { 2, [2, 2], [4, 2], [2, 4, 6, 8] },
        { 9, [], [], [9] },
        { 3, [2, 3], [0, 1], [3, 4, 5, 3, 4, 5] },
        { 7, [1, 1, 2], [100, 100, 1], [7, 8] },
        { 5, [0, 4], [4, 1], [] },
        { 10, [0], [1], [] },
    };

    [Theory]
    [MemberData(nameof(Views))]
    public void Read_Views_AreHonoured(long offset, long[] shape, long[] strides, float[] expected)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFile file = new(OneStorage(w => w.Tensor("FloatStorage", "0", 10, offset, shape, strides)));
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path);
        torch.Tensor actual = checkpoint.Read((CheckpointTensor)checkpoint.Root!);
        Assert.Equal(shape, actual.shape);
        Assert.True(actual.is_contiguous());
        Assert.Equal(expected, actual.reshape(-1).data<float>().ToArray());
    }

    [Fact]
    public void Root_NestedValues_AreGivenAsTheyAre()
    {
        using TemporaryFile file = new(OneStorage(w => w
            .Op('}').Put(0)
            .Item("none", v => v.Op('N'))
            .Item("true", v => v.Raw(0x88))
            .Item("byte", v => v.Op('K').Raw(200))
            .Item("word", v => v.Op('M').Raw(0x01, 0x02))
            .Item("int", v => v.Op('J').Raw(0xff, 0xff, 0xff, 0xff))
            .Item("long", v => v.Raw(0x8a, 2, 0x00, 0x80))
            .Item("zero", v => v.Raw(0x8a, 0))
            .Item("double", v => v.Double(-2.5))
            .Item("text", v => v.Text("\u00e4\u4e2d"))
            .Item("list", v => v.Op(']').Put(1).Op('(').Long(1).Get(1).Op('e'))
            .Item("tuple", v => v.Long(1).Text("b").Raw(0x86))
            .Item("model", v => v.OrderedDictionary().Item("weight", t => t.Tensor(
                "FloatStorage", "0", 10, 0, [2], [1])).Op('}').Item("_metadata", m => m.OrderedDictionary()).Op('b'))
            .Item("parameter", v => v.Global("torch._utils", "_rebuild_parameter").Op('(').Tensor(
                "FloatStorage", "0", 10, 8, [2], [1]).Raw(0x88).OrderedDictionary().Op('t').Op('R'))));
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path);
        IReadOnlyDictionary<object, object?> root = Assert.IsAssignableFrom<IReadOnlyDictionary<object, object?>>(checkpoint.Root);
        Assert.Null(root["none"]);
        Assert.Equal(true, root["true"]);
        Assert.Equal(200L, root["byte"]);
        Assert.Equal(513L, root["word"]);
        Assert.Equal(-1L, root["int"]);
        Assert.Equal(-32768L, root["long"]);
        Assert.Equal(0L, root["zero"]);
        Assert.Equal(-2.5, root["double"]);
        Assert.Equal("\u00e4\u4e2d", root["text"]);
        IReadOnlyList<object?> list = Assert.IsAssignableFrom<IReadOnlyList<object?>>(root["list"]);
        Assert.Same(list, list[1]);
        Assert.Equal([1L, "b"], Assert.IsAssignableFrom<IReadOnlyList<object?>>(root["tuple"]));
        Assert.Equal([2], Assert.Single(checkpoint.StateDict("model")).Value.Shape);
        Assert.Equal("parameter", Assert.Single(checkpoint.StateDict()).Key);
        Assert.Contains(
            "there is a dictionary of 'none', 'true'", Assert.Throws<KeyNotFoundException>(() => checkpoint.StateDict("ema")).Message);
        Assert.Throws<KeyNotFoundException>(() => checkpoint.StateDict("model", "weight"));
    }

    [Fact]
    public void Root_ProtocolFour_IsRead()
    {
        // FRAME, MEMOIZE, SHORT_BINUNICODE, STACK_GLOBAL, as torch.save(..., pickle_protocol=4) writes them.
        byte[] pickle = new PickleWriter(protocol: 4).Raw(0x95, 0, 0, 0, 0, 0, 0, 0, 0).Op('}').Raw(0x94)
            .Raw(0x8c, 1, (byte)'k').Raw(0x94)
            .Raw(0x8c, 11).Raw("collections"u8.ToArray()).Raw(0x8c, 11).Raw("OrderedDict"u8.ToArray()).Raw(0x93).Raw(0x94)
            .Op(')').Op('R').Op('s').Op('h').Raw(1).Op('h').Raw(1).Op('s').Stop().ToArray();
        using TemporaryFile file = new(CheckpointFile.Zip(pickle));
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path);
        IReadOnlyDictionary<object, object?> root = (IReadOnlyDictionary<object, object?>)checkpoint.Root!;
        Assert.Equal("k", root["k"]);
    }

    [Fact]
    public void ReadRows_OfAnyLayout_AreThoseOfTheWhole()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (long[] strides in new long[][] { [2, 1], [1, 5] })
        {
            using TemporaryFile file = new(OneStorage(w => w.Tensor("FloatStorage", "0", 10, 0, [5, 2], strides)));
            using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path);
            CheckpointTensor tensor = (CheckpointTensor)checkpoint.Root!;
            torch.Tensor whole = checkpoint.Read(tensor);
            torch.Tensor parts = torch.cat([checkpoint.ReadRows(tensor, 0, 2), checkpoint.ReadRows(tensor, 2, 3)]);
            Assert.True(whole.equal(parts).all().item<bool>());
        }
    }

    [Fact]
    public void Open_AndDispose_LeakNoTensor()
    {
        using TemporaryFile file = new(OneStorage(w => w.Tensor("FloatStorage", "0", 10, 0, [5, 2], [1, 5])));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path))
        {
            checkpoint.Read((CheckpointTensor)checkpoint.Root!).Dispose();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static byte[] OneStorage(Action<PickleWriter> write)
    {
        PickleWriter pickle = new();
        write(pickle);
        return CheckpointFile.Zip(pickle.Stop().ToArray(), new Dictionary<string, byte[]> { ["0"] = CheckpointFile.Floats(Ten) });
    }
}
