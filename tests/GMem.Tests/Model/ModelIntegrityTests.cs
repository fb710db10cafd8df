using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Damage to a <c>model.zip</c> is noticed, and costs nothing before it is.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class ModelIntegrityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Zip => _folder.File("model.zip");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Integrity_OfWhatWasSavedNowAndBefore_IsKnown()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        model.Save(Zip);
        using GMemModel loaded = GMemModel.Load(Zip);
        using GMemModel earlier = GMemModel.Load(Path.Combine(Repository.Root, "tests", "Fixtures", "models", "snippet-pixels.zip"));
        Assert.Equal(FileIntegrity.NotFromFile, model.Integrity);
        Assert.Equal(FileIntegrity.Checked, loaded.Integrity);
        Assert.Equal(FileIntegrity.NoHashes, earlier.Integrity);
    }

    [Fact]
    public void Load_AnyByteOfAnEntryChanged_IsNoticed()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        model.Save(Zip);
        byte[] good = File.ReadAllBytes(Zip);
        int directory = good.AsSpan().IndexOf("PK\x01\x02"u8);
        Random random = new(3);
        foreach (string entry in ZipMutation.Entries(good).Select(e => e.Key))
        {
            int content = good.AsSpan().IndexOf(Encoding.UTF8.GetBytes(entry)) + entry.Length;
            int end = good.AsSpan(content).IndexOf("PK\x03\x04"u8) is int next and >= 0 ? content + next : directory;
            byte[] bytes = [.. good];
            bytes[random.Next(content, end)] ^= 1;
            File.WriteAllBytes(Zip, bytes);
            string message = Assert.Throws<InvalidDataException>(() => GMemModel.Load(Zip)).Message;
            Assert.StartsWith($"'{Zip}' cannot be loaded as a GMem model: ", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("network.safetensors", "junk", "'junk' is unexpected")]
    [InlineData("encoder.safetensors", "junk", "a tensor 'junk', which nothing in the model asks for")]
    [InlineData("autoencoder.safetensors", "junk", "a tensor 'junk', which nothing in the model asks for")]
    [InlineData("memory.safetensors", "junk", "it has a tensor 'junk', which no bank of its storage has")]
    [InlineData("network.safetensors", "pos_embed", "does not hold the network")]
    [InlineData("memory.safetensors", "rows", "'rows' is Float32 [1, 2000000000]; expected is Float32 [any, 12]")]
    [InlineData("encoder.safetensors", "mean", "The PCA encoder's tensors are mean Float32 [1, 2000000000]")]
    [InlineData("model.json", "", "longer than")]
    public void Load_ASmallZipOfGigabytes_TakesNoMemoryForThem(string entry, string tensor, string fault)
    {
        const long Elements = 2_000_000_000;
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        model.Save(Zip);
        List<KeyValuePair<string, byte[]>> entries = ZipMutation.Entries(File.ReadAllBytes(Zip));
        byte[] header = tensor.Length == 0 ? [] : Header(entries.Find(e => e.Key == entry).Value, tensor, Elements);
        using (ZipArchive zip = ZipFile.Open(Zip, ZipArchiveMode.Update))
        {
            zip.GetEntry(entry)?.Delete();
        }

        using (ZipArchive zip = ZipFile.Open(Zip, ZipArchiveMode.Update))
        {
            // A zip in this mode holds what is written to it in memory, and so only the beginning is.
            using Stream stream = zip.CreateEntry(entry, CompressionLevel.Fastest).Open();
            stream.Write(header);
            stream.Write(new byte[header.Length == 0 ? 100 << 20 : 1 << 20]);
        }

        using Process process = Process.GetCurrentProcess();
        long before = GC.GetTotalAllocatedBytes(), resident = process.PeakWorkingSet64;
        string message = Assert.Throws<InvalidDataException>(() => GMemModel.Load(Zip)).Message;
        process.Refresh();
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 300L << 20);

        // Linux adds the peak up from counters of its threads that lag a little: an unchanged one may read some pages less.
        Assert.InRange(process.PeakWorkingSet64 - resident, -(1L << 20), 400L << 20);
    }

    [Fact]
    public void Load_WeightsThatAreNotFinite_NamesTheTensor()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        MemoryArchive archive = new();
        model.Save(archive);
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = SafetensorsFile.ReadAll(new MemoryStream(archive.Entries["network.safetensors"]), "");
        tensors["x_embedder.proj.bias"][2] = double.PositiveInfinity;
        archive.Write("network.safetensors", stream => SafetensorsWriter.Write(stream, tensors));
        string message = Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU)).Message;
        Assert.Contains("'network.safetensors': the tensor 'x_embedder.proj.bias' has values that are not finite", message);
    }

    [Fact]
    public void Load_TwoEntriesOfOneName_IsRefused()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        model.Save(Zip);
        List<KeyValuePair<string, byte[]>> entries = ZipMutation.Entries(File.ReadAllBytes(Zip));
        File.WriteAllBytes(Zip, ZipMutation.Zip([.. entries, entries.Find(e => e.Key == "network.safetensors")], CompressionLevel.Fastest));
        Assert.Contains("it has two entries 'network.safetensors'", Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AnEncryptedZip_SaysSo()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        model.Save(Zip);
        byte[] bytes = File.ReadAllBytes(Zip);

        // Bit 0 of the flags in the directory.
        for (int at = 0; bytes.AsSpan(at).IndexOf("PK\x01\x02"u8) is int found and >= 0; at += found + 4)
        {
            bytes[at + found + 8] |= 1;
        }

        File.WriteAllBytes(Zip, bytes);
        Assert.Contains("is encrypted, which is not read", Fault(), StringComparison.Ordinal);
    }

    private string Fault() => Assert.Throws<InvalidDataException>(() => GMemModel.Load(Zip)).Message;

    /// <summary>The header of a file with one tensor more, or another shape of one it has: gigabytes that follow it.</summary>
    private static byte[] Header(byte[]? file, string tensor, long elements)
    {
        string old = file is null ? "{}" : Encoding.UTF8.GetString(file, 8, (int)BinaryPrimitives.ReadInt64LittleEndian(file)).TrimEnd();
        JsonObject header = JsonNode.Parse(old)!.AsObject();
        JsonObject? metadata = header["__metadata__"]?.AsObject();
        foreach (string key in metadata?.Select(m => m.Key).Where(k => k.StartsWith("gmem.", StringComparison.Ordinal)).ToArray() ?? [])
        {
            metadata!.Remove(key);
        }

        long end = header.Where(h => h.Key != "__metadata__").Select(h => (long)h.Value!["data_offsets"]![1]!).DefaultIfEmpty(0).Max();
        header[tensor] = JsonNode.Parse(
            $"{{\"dtype\":\"F32\",\"shape\":[1,{elements}],\"data_offsets\":[{end},{end + (4 * elements)}]}}");
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] bytes = new byte[8 + json.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }
}
