using System.Security.Cryptography;
using CsCheck;
using GMem.FileFormats;
using GMem.Memory;
using GMem.Tests.FileFormats;
using TorchSharp;

namespace GMem.Tests.Memory;

public sealed class MemoryBankFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string BankPath => Path.Combine(_folder, "bank.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Open_WhatIsNoBank_SaysWhatItIs()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Throws<FileNotFoundException>(() => MemoryBank.Open(BankPath));
        SafetensorsWriter.Write(BankPath, new Dictionary<string, torch.Tensor> { ["rows"] = torch.ones(2, 2) });
        Assert.Contains("no memory bank", Assert.Throws<InvalidDataException>(() => MemoryBank.Open(BankPath)).Message);
        File.WriteAllText(BankPath, "hello");
        Assert.Throws<InvalidDataException>(() => MemoryBank.Open(BankPath));
    }

    [Fact]
    public void Open_NewerVersion_SaysSo()
    {
        TestBank.Create().Save(BankPath);
        Rewrite(tensors => { }, metadata => metadata["version"] = "2");
        string message = Assert.Throws<InvalidDataException>(() => MemoryBank.Open(BankPath)).Message;
        Assert.Contains("of version '2'; this program reads version 1", message);
    }

    public static TheoryData<string, string> Faults => new()
    {
        { "no rows", "Float32" },
        { "rows of another type", "Float32" },
        { "rows of three dimensions", "Float32" },
        { "too few ids", "Float32" },
        { "ids of another type", "Float32" },
        { "labels without numbers", "Float32" },
        { "sources without text", "Float32" },
        { "too few source offsets", "Float32" },
        { "negative weights", "Float32" },
        { "next id", "Float32" },
        { "no basis", "LowRank" },
        { "basis of another rank", "LowRank" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Open_TensorsThatDoNotFit_IsInvalidData(string fault, string kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create().Remove(new EntryId(0)).WithSamplingWeights(e => e.Index + 1);
        bank.LowRankIf(kind, rank: 3).Save(BankPath);
        MemoryBank.Open(BankPath);
        Rewrite(
            tensors => Break(tensors, fault),
            metadata => metadata["next_id"] = fault == "next id" ? "-7" : metadata["next_id"]);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => MemoryBank.Open(BankPath));
        Assert.Contains("not a valid memory bank", error.Message);
        using FileStream stream = File.OpenRead(BankPath);
        Assert.Throws<InvalidDataException>(() => MemoryBank.Load(stream, "stream"));
    }

    [Fact]
    public void Open_UnknownStorageKind_NamesItAndTheCallThatRegistersIt()
    {
        TestBank.Create().Save(BankPath);
        Rewrite(_ => { }, metadata => metadata["storage"] = "Int8");
        string message = Assert.Throws<InvalidDataException>(() => MemoryBank.Open(BankPath)).Message;
        Assert.Contains($"'{BankPath}' is a memory bank of the storage kind 'Int8', which is unknown", message);
        Assert.Contains("'Float16', 'Float32', 'LowRank'", message);
        Assert.Contains("SnippetStorage.Register(\"Int8\", ...)", message);
        using FileStream stream = File.OpenRead(BankPath);
        InvalidDataException loading =
            Assert.Throws<InvalidDataException>(() => MemoryBank.Load(stream, BankPath, _folder, largestInMemory: 0));
        Assert.Equal(message, loading.Message);
    }

    [Fact]
    public void Rows_OfADamagedFile_AreNotGivenOut()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        TestBank.Create(rows: 5).Save(BankPath);
        Rewrite(tensors => tensors["rows"][3] = double.NaN, _ => { });
        MemoryBank bank = MemoryBank.Open(BankPath);
        Assert.Equal([0, 8], bank.Rows([]).shape);
        foreach (long[] asked in new long[][] { [0, 3], [0, 4] })
        {
            // Rows are checked by pages: those beside the damaged one are not given out either.
            string message = Assert.Throws<InvalidDataException>(() => bank.Rows(asked)).Message;
            Assert.Contains($"'{BankPath}', tensor 'rows' is damaged: row 3 ", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_CutAtEveryLength_IsInvalidDataAndLeavesNoFile()
    {
        using MemoryStream stream = new();
        TestBank.Create(rows: 3).Save(stream);
        byte[] bytes = stream.ToArray();
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => MemoryBank.Load(new ForwardStream(bytes[..length]), "stream"));
            foreach (Stream cut in new Stream[] { new ForwardStream(bytes[..length]), new MemoryStream(bytes[..length]) })
            {
                Assert.Throws<InvalidDataException>(() => MemoryBank.Load(cut, "stream", _folder, largestInMemory: 0));
            }
        }

        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Load_LargeBankTwice_IsKeptOnce()
    {
        MemoryBank bank = TestBank.Create(rows: 50);
        using MemoryStream stream = new();
        bank.Save(stream);
        for (int i = 0; i < 2; i++)
        {
            stream.Position = 0;
            Assert.True(bank.ContentEquals(MemoryBank.Load(stream, "seeks", _folder, largestInMemory: 1000)));
            ForwardStream forward = new(stream.ToArray());
            Assert.True(bank.ContentEquals(MemoryBank.Load(forward, "forward", _folder, largestInMemory: 1000)));
        }

        string kept = Assert.Single(Directory.GetFiles(_folder));
        string hash = Convert.ToHexStringLower(SHA256.HashData(stream.ToArray()));
        Assert.Equal(hash + ".safetensors", Path.GetFileName(kept));

        // A file under that name which is not complete is replaced.
        File.Delete(kept);
        File.WriteAllText(kept, "cut");
        stream.Position = 0;
        Assert.True(bank.ContentEquals(MemoryBank.Load(stream, "seeks", _folder, largestInMemory: 1000)));
    }

    [Fact]
    public void Load_SmallBank_TouchesNoCache()
    {
        using MemoryStream stream = new();
        TestBank.Create().Save(stream);
        stream.Position = 0;
        MemoryBank.Load(stream, "small", _folder);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Save_OverTheFileItIsMappedFrom_KeepsBoth()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not replace a file that is mapped.");
        MemoryBank bank = TestBank.Create(rows: 40);
        bank.Save(BankPath);
        MemoryBank opened = MemoryBank.Open(BankPath);
        opened.Remove(new EntryId(3)).Save(BankPath);
        Assert.True(bank.ContentEquals(opened));
        Assert.True(bank.Remove(new EntryId(3)).ContentEquals(MemoryBank.Open(BankPath)));
    }

    [Fact]
    public void Open_AnyBytesChanged_AnswersOrIsInvalidData()
    {
        TestBank.Create(rows: 4).Remove(new EntryId(1)).WithSamplingWeights(e => e.Id.Value + 1).Save(BankPath);
        byte[] good = File.ReadAllBytes(BankPath);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Array[1, 4].Sample(
            edits =>
            {
                byte[] bytes = [.. good];
                foreach ((int at, byte value) in edits)
                {
                    bytes[at] = value;
                }

                UseAll(bytes);
            },
            iter: Fuzz.Iterations(600),
            threads: 1);
    }

    private static void UseAll(byte[] bytes)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        try
        {
            MemoryBank bank = MemoryBank.Load(new MemoryStream(bytes), "changed");
            MemoryEntry[] entries = [.. bank.Entries];
            Assert.Equal(bank.Count, entries.Length);
            Assert.InRange(bank.IndexFromNoise(0.3), 0, bank.Count - 1);
            bank.TryIndexOf(new EntryId(3), out _);
            Assert.True(bank.Labels.Count <= bank.Count);
            bank.All();
            bank.Save(Stream.Null);
        }
        catch (InvalidDataException)
        {
        }
    }

    private static void Break(Dictionary<string, torch.Tensor> tensors, string fault)
    {
        switch (fault)
        {
            case "no rows": tensors.Remove("rows"); break;
            case "rows of another type": tensors["rows"] = tensors["rows"].to(torch.float64); break;
            case "rows of three dimensions": tensors["rows"] = tensors["rows"].unsqueeze(0); break;
            case "too few ids": tensors["ids"] = tensors["ids"].narrow(0, 0, 2); break;
            case "ids of another type": tensors["ids"] = tensors["ids"].to(torch.int32); break;
            case "labels without numbers": tensors.Remove("label_numbers"); break;
            case "sources without text": tensors.Remove("source_text"); break;
            case "too few source offsets": tensors["source_offsets"] = tensors["source_offsets"].narrow(0, 0, 3); break;
            case "negative weights": tensors["weights"] = -tensors["weights"]; break;
            case "no basis": tensors.Remove("basis"); break;
            case "basis of another rank": tensors["basis"] = tensors["basis"].narrow(1, 0, 2); break;
        }
    }

    private void Rewrite(Action<Dictionary<string, torch.Tensor>> change, Action<Dictionary<string, string>> changeMetadata)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(BankPath);
        Dictionary<string, torch.Tensor> tensors = file.ReadAll();
        Dictionary<string, string> metadata = new(file.Metadata);
        change(tensors);
        changeMetadata(metadata);
        SafetensorsWriter.Write(BankPath, tensors, metadata);
    }
}
