using System.Buffers.Binary;
using System.Text;
using CsCheck;
using GMem.FileFormats;
using TorchSharp;

namespace GMem.Tests.FileFormats;

/// <summary>
/// Whatever a file says, the answer is its tensors or an InvalidDataException, and memory is taken only for what is there.
/// </summary>
public sealed class SafetensorsDamageTests
{
    private const string Good =
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""";

    public static TheoryData<string, int> BadHeaders => new()
    {
        { "", 0 },
        { "[]", 0 },
        { "null", 0 },
        { "{", 0 },
        { """{"a":1}""", 0 },
        { """{"a":{}}""", 0 },
        { """{"a":{"dtype":"F32","shape":[2]}}""", 8 },
        { """{"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":null,"shape":[2],"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,10]}}""", 10 },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}}""", 16 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":{"0":8}}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}""", 12 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[1e30,8]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,0]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[0,0]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2000000000000],"data_offsets":[0,8000000000000]}}""", 8 },
        { """{"a":{"dtype":"U8","shape":[0],"data_offsets":[1000,1000]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 16 },
        { """{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12 },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12 },
        { """{"__metadata__":[],"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8 },
        { """{"__metadata__":{"k":1}}""", 0 },
        { """{"__metadata__":{"k":null}}""", 0 },
        { """{"__metadata__":{"k":"1","k":"2"}}""", 0 },
        { """{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8 },
        { """{"a":{"dtype":"F32","shape":[""" + string.Join(",", Enumerable.Repeat("1", 100)) + """],"data_offsets":[0,4]}}""", 4 },
        { new string('[', 5000), 0 },
    };

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void Open_WrongHeader_IsInvalidData(string json, int dataLength)
    {
        byte[] bytes = Bytes(json, dataLength);
        using TemporaryFile file = new(bytes);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(file.Path));
        Assert.Contains(file.Path, error.Message);
        Assert.Throws<InvalidDataException>(() => SafetensorsFile.ReadAll(new MemoryStream(bytes), "stream"));
        Assert.Throws<InvalidDataException>(() => SafetensorsFile.ReadAll(new ForwardStream(bytes), "stream"));
    }

    [Fact]
    public void Open_CutAtEveryLength_IsInvalidData()
    {
        byte[] bytes = Bytes(Good, 11);
        for (int length = 0; length < bytes.Length; length++)
        {
            using TemporaryFile file = new(bytes[..length]);
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(file.Path));
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.ReadAll(new ForwardStream(bytes[..length]), "stream"));
        }
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(100_000_001UL)]
    [InlineData(99_999_999UL)]
    public void Open_HeaderLengthBeyondTheFile_TakesNoMemoryForIt(ulong length)
    {
        byte[] bytes = Bytes(Good, 11);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        using TemporaryFile file = new(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(file.Path));
        Assert.Throws<InvalidDataException>(() => SafetensorsFile.ReadAll(new ForwardStream(bytes), "stream"));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void ReadAll_StreamThatAnnouncesATerabyte_FailsWithoutTakingIt()
    {
        byte[] bytes = Bytes("""{"a":{"dtype":"F32","shape":[250000000000],"data_offsets":[0,1000000000000]}}""", 100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        InvalidDataException error = Assert.Throws<InvalidDataException>(
            () => SafetensorsFile.ReadAll(new ForwardStream(bytes), "the stream"));
        Assert.Contains("'the stream' ends 999,999,999,900 bytes before a tensor is complete", error.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 80 << 20);
    }

    [Fact]
    public void Open_HolesAndEmptyTensors_AreRead()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        byte[] bytes = Bytes(
            """{"b":{"dtype":"U8","shape":[3],"data_offsets":[17,20]},"none":{"dtype":"F32","shape":[0,7],"data_offsets":[17,17]},"""
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1,9]}}",
            33);
        using TemporaryFile file = new(bytes);
        using SafetensorsFile opened = SafetensorsFile.Open(file.Path);
        Assert.Equal(["a", "none", "b"], opened.Entries.Select(e => e.Name));
        Assert.Equal([0, 7], opened.Read("none").shape);
        Assert.Equal(bytes.AsSpan(bytes.Length - 33 + 17, 3).ToArray(), opened.Read("b").data<byte>().ToArray());
        Dictionary<string, torch.Tensor> streamed = SafetensorsFile.ReadAll(new ForwardStream(bytes), "stream");
        Assert.True(opened.ReadAll().All(t => t.Value.equal(streamed[t.Key]).all().item<bool>()));
    }

    [Fact]
    public void Open_MoreThanTwoGigabytes_ReadsTheEnd()
    {
        // A sparse file: its hole takes no room on the disk.
        const long Length = (1L << 31) + (1L << 20);
        using TemporaryFile file = new();
        using (FileStream stream = new(file.Path, FileMode.CreateNew))
        {
            string hole = $"\"hole\":{{\"dtype\":\"U8\",\"shape\":[{Length}],\"data_offsets\":[0,{Length}]}}";
            string end = $"\"end\":{{\"dtype\":\"I16\",\"shape\":[2],\"data_offsets\":[{Length},{Length + 4}]}}";
            stream.Write(Bytes($"{{{hole},{end}}}", 0));
            stream.Seek(Length, SeekOrigin.Current);
            stream.Write([1, 0, 2, 0]);
        }

        using SafetensorsFile opened = SafetensorsFile.Open(file.Path);
        using torch.Tensor last = opened.Read("end");
        Assert.Equal(new short[] { 1, 2 }, last.data<short>().ToArray());
        Assert.Equal(Length, opened.Entry("hole").Length);
    }

    [Fact]
    public void Write_TwoTensorsOfOneName_IsRefusedBeforeAnythingIsWritten()
    {
        using torch.Tensor tensor = torch.ones(2);
        using MemoryStream stream = new();
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(stream, [new("a", tensor), new("a", tensor)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(stream, [new("__metadata__", tensor)]));
        Assert.Equal(0, stream.Length);
    }

    [Fact]
    public void Write_FailsHalfway_LeavesTheOldFile()
    {
        using TemporaryFile file = new([1, 2, 3]);
        Assert.Throws<IOException>(() => AtomicFile.Write(file.Path, stream =>
        {
            stream.Write([9, 9]);
            throw new IOException("the disk is full");
        }));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(file.Path));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(file.Path)!, Path.GetFileName(file.Path) + ".*.tmp"));
    }

    [Fact]
    public void ReadAll_AnyBytesChanged_ReadsOrIsInvalidData()
    {
        byte[] good = Bytes("""{"__metadata__":{"k":"v"},""" + Good[1..], 11);
        Gen<(int, byte)[]> changes = Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Array[1, 4];
        changes.Sample(
            edits =>
            {
                byte[] bytes = [.. good];
                foreach ((int at, byte value) in edits)
                {
                    bytes[at] = value;
                }

                Try(() => SafetensorsFile.ReadAll(new MemoryStream(bytes), "seekable"));
                Try(() => SafetensorsFile.ReadAll(new ForwardStream(bytes), "forward"));
            },
            iter: Fuzz.Iterations(1500),
            threads: 1);
    }

    private static void Try(Func<Dictionary<string, torch.Tensor>> read)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        try
        {
            read();
        }
        catch (InvalidDataException)
        {
        }
    }

    private static byte[] Bytes(string json, int dataLength)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        byte[] bytes = new byte[8 + header.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        header.CopyTo(bytes, 8);
        for (int i = 0; i < dataLength; i++)
        {
            bytes[8 + header.Length + i] = (byte)i;
        }

        return bytes;
    }
}
