using System.IO.Compression;
using CsCheck;
using GMem.FileFormats;
using TorchSharp;

namespace GMem.Tests.FileFormats;

/// <summary>
/// Hostile and broken checkpoints: InvalidDataException, nothing executed, no more memory than the file's bytes and a constant.
/// </summary>
public sealed class PyTorchCheckpointDamageTests
{
    private const long Constant = 80L << 20;

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "getattr")]
    [InlineData("argparse", "ArgumentParser")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("torch._utils", "_rebuild_qtensor")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("torch", "load")]
    [InlineData("collections", "OrderedDict\u0000")]
    public void Open_PickleThatNamesAnythingElse_IsRefusedByName(string module, string name)
    {
        byte[] called = new PickleWriter().Global(module, name).Text("echo").Raw(0x85).Op('R').Stop().ToArray();
        byte[] onStack = new PickleWriter(4).Text(module).Text(name).Raw(0x93).Op('0').Op('N').Stop().ToArray();
        Assert.Contains($"refers to '{module}.{name}'", Refused(CheckpointFile.Zip(called)).Message);
        Assert.Contains($"refers to '{module}.{name}'", Refused(CheckpointFile.Zip(onStack)).Message);
    }

    public static TheoryData<string, byte[]> BadPickles => new()
    {
        { "empty", [] },
        { "no stop", new PickleWriter().Op('N').ToArray() },
        { "nothing on the stack", new PickleWriter().Stop().ToArray() },
        { "protocol 0", [0x80, 0, (byte)'N', (byte)'.'] },
        { "protocol 6", [0x80, 6, (byte)'N', (byte)'.'] },
        { "a class as a result", new PickleWriter().Global("torch", "FloatStorage").Stop().ToArray() },
        { "a class in a list", new PickleWriter().Op(']').Global("torch", "FloatStorage").Op('a').Stop().ToArray() },
        { "a class in a tuple in a tuple", new PickleWriter().Global("torch", "FloatStorage").Raw(0x85).Raw(0x85).Stop().ToArray() },
        { "a class in a dictionary", new PickleWriter().Op('}').Item("k", v => v.Global("collections", "OrderedDict")).Stop().ToArray() },
        { "a storage as a result", new PickleWriter().Storage("FloatStorage", "0", 4).Stop().ToArray() },
        { "a storage kind that is none", new PickleWriter().Storage("QUInt8Storage", "0", 4).Stop().ToArray() },
        { "a storage that is not there", Tensor("1", 4, 0, [4], [1]) },
        { "a storage out of the folder", Tensor("../version", 1, 0, [1], [1]) },
        { "a storage longer than the file", Tensor("0", 5, 0, [4], [1]) },
        { "a storage of negative length", Tensor("0", -1, 0, [4], [1]) },
        { "a view past the end", Tensor("0", 4, 1, [4], [1]) },
        { "a view before the start", Tensor("0", 4, -1, [4], [1]) },
        { "a negative stride", Tensor("0", 4, 3, [4], [-1]) },
        { "a negative size", Tensor("0", 4, 0, [-1, -4], [4, 1]) },
        { "sizes that overflow", Tensor("0", 4, 0, [long.MaxValue, long.MaxValue], [0, 0]) },
        { "strides that overflow", Tensor("0", 4, 0, [2, 2], [long.MaxValue, long.MaxValue]) },
        { "an offset that overflows", Tensor("0", 4, long.MaxValue, [1], [1]) },
        { "more sizes than strides", Tensor("0", 4, 0, [2, 2], [1]) },
        { "a hundred dimensions", Tensor("0", 4, 0, [.. Enumerable.Repeat(1L, 100)], [.. Enumerable.Repeat(1L, 100)]) },
        { "a recall of nothing", new PickleWriter().Get(7).Stop().ToArray() },
        { "an end without a mark", new PickleWriter().Op('N').Op('t').Stop().ToArray() },
        { "a reach below a mark", new PickleWriter().Op(']').Op('(').Op('N').Raw(0x86).Stop().ToArray() },
        { "an append to nothing", new PickleWriter().Op('N').Op('a').Stop().ToArray() },
        { "an append to a tuple", new PickleWriter().Op(')').Op('N').Op('a').Stop().ToArray() },
        { "an odd number of items", new PickleWriter().Op('}').Op('(').Op('N').Op('u').Stop().ToArray() },
        { "an unhashable key", new PickleWriter().Op('}').Op(']').Op('N').Op('s').Stop().ToArray() },
        { "attributes of a plain dictionary", new PickleWriter().Op('}').Op('}').Op('b').Stop().ToArray() },
        { "a call of a list", new PickleWriter().Op(']').Op(')').Op('R').Stop().ToArray() },
        { "an OrderedDict of arguments", new PickleWriter().Global(
            "collections", "OrderedDict").Op('N').Raw(0x85).Op('R').Stop().ToArray() },
        { "a tensor of nothing", new PickleWriter().Global("torch._utils", "_rebuild_tensor_v2").Op(')').Op('R').Stop().ToArray() },
        { "a new object", new PickleWriter().Global("collections", "OrderedDict").Op(')').Raw(0x81).Stop().ToArray() },
        { "an integer of 255 bytes", new PickleWriter().Raw(0x8a, 255).Raw(new byte[255]).Stop().ToArray() },
        { "text beyond the end", new PickleWriter().Raw(0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f).Stop().ToArray() },
        { "text of 4 GB", new PickleWriter().Op('X').Raw(0xff, 0xff, 0xff, 0xff).Stop().ToArray() },
        { "text that is not UTF-8", new PickleWriter().Raw(0x8c, 2, 0xff, 0xfe).Stop().ToArray() },
        { "a name without an end", new PickleWriter().Op('c').Raw("torch"u8.ToArray()).ToArray() },
    };

    [Theory]
    [MemberData(nameof(BadPickles))]
    public void Open_BadPickle_IsInvalidData(string what, byte[] pickle)
    {
        InvalidDataException error = Refused(
            CheckpointFile.Zip(pickle, new Dictionary<string, byte[]> { ["0"] = CheckpointFile.Floats(1, 2, 3, 4) }));
        Assert.True(error.Message.Length > 20, what);
    }

    [Fact]
    public void Open_CutAtEveryLength_IsInvalidData()
    {
        byte[] bytes = Good();
        for (int length = 0; length < bytes.Length; length++)
        {
            Refused(bytes[..length]);
        }
    }

    [Fact]
    public void Open_OtherFormats_SaysWhatTheyAre()
    {
        byte[] old = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.', 0x80, 2];
        Assert.Contains("before version 1.6", Refused(old).Message);
        Assert.Contains("it is no zip", Refused([1, 2, 3, 4, 5]).Message);
        Assert.Contains("is empty", Refused([]).Message);
        byte[] none = new PickleWriter().Op('N').Stop().ToArray();
        Assert.Contains("byte order 'big'", Refused(CheckpointFile.Zip(none, byteOrder: "big")).Message);
        Assert.Contains("is compressed", Refused(CheckpointFile.Zip(new byte[1 << 20], compression: CompressionLevel.Optimal)).Message);
    }

    [Fact]
    public void Open_DirectoryThatLies_IsInvalidData()
    {
        byte[] good = Good();
        int directory = Find(good, [(byte)'P', (byte)'K', 1, 2]);
        int end = Find(good, [(byte)'P', (byte)'K', 5, 6]);
        foreach ((int at, byte[] value) in new (int, byte[])[]
        {
            (directory + 20, [0xff, 0xff, 0xff, 0x7f]), // compressed length
            (directory + 24, [0xff, 0xff, 0xff, 0x7f]), // length
            (directory + 20, [0xff, 0xff, 0xff, 0xff]), // 64-bit length that is not there
            (directory + 42, [0xff, 0xff, 0xff, 0x7f]), // place
            (directory + 42, [1, 0, 0, 0]),
            (directory + 28, [0xff, 0xff]), // length of the name
            (end + 12, [0xff, 0xff, 0xff, 0x7f]), // length of the directory
            (end + 16, [0xff, 0xff, 0xff, 0x7f]), // place of the directory
            (end + 16, [0xff, 0xff, 0xff, 0xff]), // 64-bit directory that is not there
        })
        {
            byte[] bytes = [.. good];
            value.CopyTo(bytes, at);
            Refused(bytes);
        }
    }

    [Fact]
    public void Open_ObjectsThatMultiply_EndWithinTheirBudget()
    {
        // Tuples, each of the one before twice: 2^200 leaves for whoever walks them, 200 objects here.
        PickleWriter doubled = new PickleWriter().Op(')').Put(0);
        for (byte i = 0; i < 200; i++)
        {
            doubled.Get(i).Get(i).Raw(0x86).Put((byte)(i + 1));
        }

        using TemporaryFile file = new(CheckpointFile.Zip(doubled.Stop().ToArray()));
        PyTorchCheckpoint.Open(file.Path).Dispose();

        Refused(CheckpointFile.Zip([0x80, 2, .. Enumerable.Repeat((byte)'}', 600_000)]));
        Refused(CheckpointFile.Zip([0x80, 2, .. Enumerable.Repeat((byte)'(', 4_000_000)]));
        Refused(CheckpointFile.Zip([0x80, 2, (byte)'N',
            .. Enumerable.Range(0, 1_000_000).SelectMany(i => new byte[] { (byte)'r', (byte)i, (byte)(i >> 8), (byte)(i >> 16), 0 })]));
    }

    [Fact]
    public void Open_DeepNesting_DoesNotOverflowTheStack()
    {
        byte[] pickle = [0x80, 2, (byte)')', .. Enumerable.Repeat((byte)0x85, 300_000), (byte)'.'];
        using TemporaryFile file = new(CheckpointFile.Zip(pickle));
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path);
        Assert.NotNull(checkpoint.Root);
    }

    [Fact]
    public void Read_ViewThatRepeatsOneElementATrillionTimes_IsRefused()
    {
        byte[] pickle = Tensor("0", 4, 0, [1_000_000, 1_000_000], [0, 0]);
        using TemporaryFile file = new(
            CheckpointFile.Zip(pickle, new Dictionary<string, byte[]> { ["0"] = CheckpointFile.Floats(1, 2, 3, 4) }));
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(file.Path);
        Assert.Throws<InvalidDataException>(() => checkpoint.Read((CheckpointTensor)checkpoint.Root!));
    }

    [Fact]
    public void Open_AnyBytesChanged_ReadsOrIsInvalidData()
    {
        byte[] good = Good();
        Gen<(int, byte)[]> changes = Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Array[1, 3];
        changes.Sample(
            edits =>
            {
                byte[] bytes = [.. good];
                foreach ((int at, byte value) in edits)
                {
                    bytes[at] = value;
                }

                using TemporaryFile file = new(bytes);
                long before = GC.GetAllocatedBytesForCurrentThread();
                ReadAll(file.Path);
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < Constant);
            },
            iter: Fuzz.Iterations(400),
            threads: 1);
    }

    private static void ReadAll(string path)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        try
        {
            using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(path);
            bool isStateDict = checkpoint.Root is IReadOnlyDictionary<object, object?>;
            foreach (CheckpointTensor tensor in isStateDict ? checkpoint.StateDict().Values : [])
            {
                checkpoint.Read(tensor);
            }
        }
        catch (InvalidDataException)
        {
        }
    }

    private static byte[] Good()
    {
        PickleWriter pickle = new PickleWriter().Op('}').Put(0)
            .Item("matrix", t => t.Tensor("FloatStorage", "0", 4, 0, [2, 2], [1, 2]))
            .Item("list", v => v.Op(']').Op('(').Long(1).Double(2).Op('N').Op('e'));
        return CheckpointFile.Zip(pickle.Stop().ToArray(), new Dictionary<string, byte[]> { ["0"] = CheckpointFile.Floats(1, 2, 3, 4) });
    }

    private static byte[] Tensor(string key, long count, long offset, long[] shape, long[] strides) =>
        new PickleWriter().Tensor("FloatStorage", key, count, offset, shape, strides).Stop().ToArray();

    private static InvalidDataException Refused(byte[] bytes)
    {
        using TemporaryFile file = new(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => PyTorchCheckpoint.Open(file.Path));
        Assert.Contains(file.Path, error.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < bytes.Length + Constant);
        return error;
    }

    private static int Find(byte[] bytes, byte[] pattern) => bytes.AsSpan().IndexOf(pattern);
}
