using System.IO.Compression;
using System.Text;
using CsCheck;
using GMem.Tests.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>A model in a file or a stream, without ML.NET.</summary>
public sealed class ModelFileTests
{
    [Fact]
    public void SaveThenLoad_FileAndStream_SameImages()
    {
        using TemporaryFolder folder = new();
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        byte[][] expected = TinyModel.Generate(model, new(1), new(2, 7));
        model.Save(folder.File("model.zip"));
        using MemoryStream stream = new();
        model.Save(stream);
        stream.Position = 0;

        using GMemModel ofFile = GMemModel.Load(folder.File("model.zip")), ofStream = GMemModel.Load(stream, torch.CPU);

        Assert.Equal(expected, TinyModel.Generate(ofFile, new(1), new(2, 7)));
        Assert.Equal(expected, TinyModel.Generate(ofStream, new(1), new(2, 7)));
        Assert.Equal(["model.zip"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName));
        using ZipArchive zip = ZipFile.OpenRead(folder.File("model.zip"));
        Assert.Equal(
            ["encoder.safetensors", "memory.safetensors", "model.json", "network.safetensors"],
            zip.Entries.Select(e => e.FullName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Save_ThatFails_LeavesTheOldFile()
    {
        using TemporaryFolder folder = new();
        GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        model.Save(folder.File("model.zip"));
        byte[] before = File.ReadAllBytes(folder.File("model.zip"));
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Save(folder.File("model.zip")));
        Assert.Equal(before, File.ReadAllBytes(folder.File("model.zip")));
        Assert.Single(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public void Load_WhatIsNoModel_NamesFileAndCause()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.zip");
        Assert.Equal($"There is no model file '{path}'.", Assert.Throws<FileNotFoundException>(() => GMemModel.Load(path)).Message);
        File.WriteAllText(path, "a text");
        Assert.StartsWith($"'{path}' cannot be loaded as a GMem model: ", Fault(path), StringComparison.Ordinal);
        Zip(path, "readme.txt");
        Assert.Equal($"'{path}' cannot be loaded as a GMem model: the zip has no entry 'model.json'.", Fault(path));
        Zip(path, "one/model.json", "model.json", "two/deep/model.json");
        Assert.Equal(
            $"'{path}' cannot be loaded as a GMem model: the zip holds several models: one/model.json, model.json, two/deep/model.json.",
            Fault(path));
    }

    [Fact]
    public void Load_AnUnknownKey_IsNamed()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        MemoryArchive archive = new();
        model.Save(archive);
        string json = Encoding.UTF8.GetString(archive.Entries["model.json"]);
        json = json.Replace("\"steps\": 3", "\"steps\": 3, \"stride\": 1", StringComparison.Ordinal);
        archive.Entries["model.json"] = Encoding.UTF8.GetBytes(json);
        Assert.Equal(
            "The model's description is damaged: The setting 'stride' is not known to this version.",
            Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU)).Message);
    }

    [Fact]
    public void Load_AnyBytesOfTheZipChanged_LoadsOrIsInvalidData()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        using MemoryStream saved = new();
        model.Save(saved);
        byte[] good = saved.ToArray();
        Gen.Select(Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Array[1, 4], Gen.Int[0, 20]).Sample(
            change =>
            {
                byte[] bytes = [.. good];
                foreach ((int at, byte value) in change.Item1)
                {
                    // The directory at the end of a zip gets half of the edits.
                    bytes[at % 2 == 0 ? at : good.Length - 1 - (at % 400)] = value;
                }

                using MemoryStream stream = new(change.Item2 == 0 ? bytes[..(bytes.Length - change.Item1[0].Item1)] : bytes);
                try
                {
                    GMemModel.Load(stream, torch.CPU).Dispose();
                }
                catch (InvalidDataException)
                {
                }
            },
            iter: Fuzz.Iterations(100),
            threads: 1);
    }

    private static void Zip(string path, params string[] entries)
    {
        File.Delete(path);
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (string entry in entries)
        {
            zip.CreateEntry(entry).Open().Dispose();
        }
    }

    private static string Fault(string path) => Assert.Throws<InvalidDataException>(() => GMemModel.Load(path)).Message;
}
