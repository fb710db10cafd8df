using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using GMem.FileFormats;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.Memory;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.FileFormats;

public sealed class TensorHashesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.File("file.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_AnyTensor_PutsTheHashesOfItsBlocksIntoTheMetadata()
    {
        byte[] bytes = new byte[TensorHashes.Block + 5];
        new Random(1).NextBytes(bytes);
        using torch.Tensor tensor = torch.tensor(bytes);
        SafetensorsWriter.Write(File, [new("a", tensor)], new Dictionary<string, string> { ["z"] = "1", ["k"] = "v" });

        Dictionary<string, string> metadata = Metadata(System.IO.File.ReadAllBytes(File));
        ulong others = XxHash3.HashToUInt64("\0k\0v\0z\u00001"u8);
        ulong seed = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"a\0U8\0{bytes.Length}"), (long)others);
        byte[] expected = new byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(expected, XxHash3.HashToUInt64(bytes.AsSpan(0, TensorHashes.Block), (long)seed));
        BinaryPrimitives.WriteUInt64BigEndian(expected.AsSpan(8), XxHash3.HashToUInt64(bytes.AsSpan(TensorHashes.Block), (long)seed));
        string hashes = Convert.ToBase64String(expected);
        Assert.Equal(new() { ["z"] = "1", ["k"] = "v", ["gmem.xxh3.block"] = "262144", ["gmem.xxh3:a"] = hashes }, metadata);
        using SafetensorsFile file = SafetensorsFile.Open(File);
        Assert.True(file.HasHashes);
        Assert.Equal(new Dictionary<string, string> { ["z"] = "1", ["k"] = "v" }, file.Metadata);
    }

    [Fact]
    public void Read_AChangedByte_NamesFileAndTensorWhenItsBlockIsRead()
    {
        const int RowBytes = 1024, Rows = 3 * TensorHashes.Block / RowBytes;
        using torch.Tensor tensor = torch.zeros(Rows, RowBytes, dtype: torch.uint8);
        using torch.Tensor other = torch.ones(7);
        SafetensorsWriter.Write(File, [new("other", other), new("rows", tensor)]);
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        bytes[^(TensorHashes.Block + 9)] ^= 4;
        System.IO.File.WriteAllBytes(File, bytes);

        using SafetensorsFile file = SafetensorsFile.Open(File);
        using torch.Tensor row = torch.empty(1, RowBytes, dtype: torch.uint8);
        file.Read("other").Dispose();
        file.CopyRows("rows", 0, 1, row, 0);
        file.CopyRows("rows", Rows - 1, 1, row, 0);
        foreach (Action read in new Action[]
        {
            () => file.CopyRows("rows", Rows / 2, 1, row, 0), () => file.Read("rows"), file.Verify,
            () => SafetensorsFile.ReadAll(new MemoryStream(bytes), File), () => SafetensorsFile.ReadAll(new ForwardStream(bytes), File),
        })
        {
            string message = Assert.Throws<InvalidDataException>(read).Message;
            Assert.Contains($"'{File}' is damaged: bytes 262,144 to 524,288 of the tensor 'rows'", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("\"shape\":[2,3]", "\"shape\":[3,2]")]
    [InlineData("\"F32\"", "\"I32\"")]
    [InlineData("\"k\":\"v\"", "\"k\":\"w\"")]
    [InlineData("\"a\":{", "\"b\":{")]
    [InlineData("gmem.xxh3:a", "gmem.xxh3:b")]
    [InlineData("gmem.xxh3.block", "gmem.xxh3.blocK")]
    [InlineData("262144", "262145")]
    public void Read_AChangedHeader_IsNoticed(string was, string becomes)
    {
        using torch.Tensor tensor = torch.zeros(2, 3);
        SafetensorsWriter.Write(File, [new("a", tensor)], new Dictionary<string, string> { ["k"] = "v" });
        string text = Encoding.Latin1.GetString(System.IO.File.ReadAllBytes(File));
        Assert.Contains(was, text, StringComparison.Ordinal);
        System.IO.File.WriteAllBytes(File, Encoding.Latin1.GetBytes(text.Replace(was, becomes, StringComparison.Ordinal)));
        Assert.Contains(File, Assert.Throws<InvalidDataException>(ReadAll).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FilesOfOtherSoftware_NeedNoHashes()
    {
        const string Json = """{"__metadata__":null,"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""";
        System.IO.File.WriteAllBytes(File, [(byte)Json.Length, 0, 0, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(Json), 1, 2, 3]);
        using SafetensorsFile file = SafetensorsFile.Open(File);
        Assert.False(file.HasHashes);
        Assert.Empty(file.Metadata);
        using torch.Tensor tensor = file.Read("a");
        Assert.Equal(new byte[] { 1, 2, 3 }, tensor.data<byte>().ToArray());
    }

    [Fact]
    public void Open_AGitLfsPointer_SaysWhatItIs()
    {
        foreach (string extension in new[] { ".safetensors", ".pth", ".npz", ".zip" })
        {
            string path = Path.ChangeExtension(File, extension);
            System.IO.File.WriteAllText(path, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab29\nsize 12\n");
            Action read = extension switch
            {
                ".npz" => () => GMem.Evaluation.FeatureStatistics.Load(path),
                ".zip" => () => GMemModel.Load(path),
                _ => () => GMem.Autoencoders.KlAutoencoder.Load(path),
            };
            string message = Assert.Throws<InvalidDataException>(read).Message;
            Assert.Contains(path, message, StringComparison.Ordinal);
            Assert.Contains("git lfs pull", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Float32")]
    [InlineData("Float16")]
    [InlineData("LowRank")]
    public void Rows_OfAMappedBankDamagedSince_NamesFileAndTensor(string kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 9);
        bank = kind == "Float16" ? bank.ToStorage(SnippetStorage.Float16) : bank.LowRankIf(kind, rank: 3);
        bank.Save(File);
        Assert.Equal(FileIntegrity.NotFromFile, bank.Integrity);
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        bytes[^1] ^= 1;
        System.IO.File.WriteAllBytes(File, bytes);

        MemoryBank opened = MemoryBank.Open(File);
        Assert.Equal(FileIntegrity.Checked, opened.Integrity);
        foreach (Action read in new Action[] { () => opened.Rows([8]), () => opened.Nearest(bank.Rows([0]), 1) })
        {
            string message = Assert.Throws<InvalidDataException>(read).Message;
            Assert.Contains($"'{File}' is damaged: ", message, StringComparison.Ordinal);
            Assert.Contains(kind == "LowRank" ? "'coefficients'" : "'rows'", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Rows_OfTwiceTheLength_AreRefusedThoughTheyHaveTheirHashes()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        TestBank.Create(rows: 5).ToStorage(SnippetStorage.Float16).Save(File);
        Dictionary<string, torch.Tensor> tensors;
        Dictionary<string, string> metadata;
        using (SafetensorsFile file = SafetensorsFile.Open(File))
        {
            (tensors, metadata) = (file.ReadAll(), file.Metadata.ToDictionary());
        }

        tensors["rows"] = tensors["rows"].Times(2);
        SafetensorsWriter.Write(File, tensors, metadata);
        string message = Assert.Throws<InvalidDataException>(() => MemoryBank.Open(File).Rows([2])).Message;
        Assert.Contains($"'{File}', tensor 'rows' is damaged: row 0 is not of unit length", message, StringComparison.Ordinal);
        using FileStream stream = System.IO.File.OpenRead(File);
        Assert.Throws<InvalidDataException>(() => MemoryBank.Load(stream, "stream"));
    }

    private void ReadAll()
    {
        using SafetensorsFile file = SafetensorsFile.Open(File);
        file.ReadAll();
    }

    private static Dictionary<string, string> Metadata(byte[] bytes)
    {
        using JsonDocument document = JsonDocument.Parse(bytes.AsMemory(8, (int)BinaryPrimitives.ReadInt64LittleEndian(bytes)));
        return document.RootElement.GetProperty("__metadata__").EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString()!);
    }
}
