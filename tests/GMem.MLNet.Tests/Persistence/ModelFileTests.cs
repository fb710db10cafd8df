using System.IO.Compression;
using System.Reflection;
using System.Text;
using GMem.Memory;
using GMem.MLNet.Tests.Fakes;
using GMem.Runtime;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace GMem.MLNet.Tests.Persistence;

public class ModelFileTests
{
    private static IDataView Prompts => Views.Of(TinyTrainer.Prompts());

    [Fact]
    public void RepositoryReader_OfThisMLNet_HasTheZipThatIsReadPiecewise() => Assert.Equal(
        typeof(ZipArchive),
        typeof(ICanSaveModel).Assembly.GetTypes().Single(t => t.Name == "RepositoryReader")
            .GetField("_archive", BindingFlags.Instance | BindingFlags.NonPublic)?.FieldType);

    [Fact]
    public void ModelLoad_OfASavedTransformer_GivesTheSameImagesAndSettings()
    {
        using TemporaryFolder folder = new();
        GenerationOptions generation = new() { OutputImageColumnName = "Picture", BatchSize = 2, SnippetColumnName = null };
        using GMemTransformer model = TinyTrainer.Model.WithGeneration(generation);
        MLContext mlContext = new();
        mlContext.Model.Save(model, TinyTrainer.Images.Schema, folder.File("model.zip"));

        ITransformer loaded = new MLContext().Model.Load(folder.File("model.zip"), out DataViewSchema schema);

        using GMemTransformer transformer = Assert.IsType<GMemTransformer>(loaded);
        Assert.Equal(["Bytes", "Features", "Number"], schema.Select(c => c.Name));
        Assert.Equal(model.Transform(Prompts).Pixels("Picture"), transformer.Transform(Prompts).Pixels("Picture"));
        Assert.Equivalent(generation, transformer.Generation, strict: true);

        // Without a seed column the seeds follow from the trainer's, which has to survive too.
        IDataView unprompted = TinyTrainer.Images;
        Assert.Equal(model.Transform(unprompted).Values<long>("Seed"), transformer.Transform(unprompted).Values<long>("Seed"));
    }

    [Fact]
    public void ModelLoad_OfAChain_GivesTheSameImages()
    {
        using TemporaryFolder folder = new();
        MLContext mlContext = new(seed: 1);
        TransformerChain<GMemTransformer> chain = mlContext.Transforms.CopyColumns("Seed", nameof(TrainingRow.Number))
            .Append(mlContext.ImageGeneration.Trainers.GMem(TinyTrainer.Options())).Fit(TinyTrainer.Images);
        mlContext.Model.Save(chain, TinyTrainer.Images.Schema, folder.File("model.zip"));

        ITransformer loaded = new MLContext().Model.Load(folder.File("model.zip"), out _);

        Assert.Equal(Enumerable.Range(0, 24).Select(i => (long)i), loaded.Transform(TinyTrainer.Images).Values<long>("Seed"));
        Assert.Equal(chain.Transform(TinyTrainer.Images).Pixels(), loaded.Transform(TinyTrainer.Images).Pixels());
        using (GMemTransformer generator = GMemTransformer.Load(folder.File("model.zip")))
        {
            IDataView prompts = Views.Of(new PromptRow { Seed = 3 });
            Assert.Equal(chain.LastTransformer.Transform(prompts).Pixels(), generator.Transform(prompts).Pixels());
        }

        ((IDisposable)loaded).Dispose();
        chain.Dispose();
    }

    [Fact]
    public void SaveInto_AChain_KeepsItsOtherStages()
    {
        using TemporaryFolder folder = new();
        MLContext mlContext = new(seed: 1);
        ITransformer copy = mlContext.Transforms.CopyColumns("Noise", "Seed").Fit(Views.Of<PromptRow>());
        mlContext.Model.Save(
            new TransformerChain<ITransformer>().Append(copy).Append(copy, TransformerScope.TrainTest)
                .Append<ITransformer>(TinyTrainer.Model),
            Views.Of<PromptRow>().Schema, folder.File("model.zip"));
        MemoryBank memory = TinyTrainer.Model.Memory;
        using GMemTransformer edited = TinyTrainer.Model.WithMemory(memory.Remove(memory.Entry(3).Id));

        edited.SaveInto(folder.File("model.zip"), folder.File("model.zip"));

        ITransformer loaded = mlContext.Model.Load(folder.File("model.zip"), out DataViewSchema schema);
        ITransformer[] parts = [.. Assert.IsType<TransformerChain<ITransformer>>(loaded)];
        Assert.Equal(3, parts.Length);
        Assert.Equal(TinyTrainer.Model.Memory.Count - 1, Assert.IsType<GMemTransformer>(parts[2]).Memory.Count);
        Assert.Contains("PromptLabel", schema.Select(c => c.Name));
        Assert.Equal([7L], loaded.Transform(Views.Of(new PromptRow { Seed = 7 })).Values<long>("Noise"));
        Assert.Equal(2, ((TransformerChain<ITransformer>)loaded).GetModelFor(TransformerScope.Scoring).Count());
        ((IDisposable)loaded).Dispose();
    }

    [Fact]
    public void Load_OfAChainWithTwoGenerators_SaysThatItCannotChoose()
    {
        using TemporaryFolder folder = new();
        new MLContext().Model.Save(
            new TransformerChain<ITransformer>(TinyTrainer.Model, TinyTrainer.Model), null, folder.File("model.zip"));

        string message = Assert.Throws<InvalidDataException>(() => GMemTransformer.Load(folder.File("model.zip"))).Message;

        Assert.Equal($"'{folder.File("model.zip")}' is a pipeline with 2 generators. Load it with mlContext.Model.Load, and take the one "
            + "you want.", message);
    }

    [Fact]
    public void Load_OfWhatSaveWrote_GivesTheSameImages()
    {
        using TemporaryFolder folder = new();
        TinyTrainer.Model.Save(folder.File("model.zip"));

        using GMemTransformer loaded = GMemTransformer.Load(folder.File("model.zip"));

        Assert.Equal(TinyTrainer.Model.Transform(Prompts).Pixels(), loaded.Transform(Prompts).Pixels());
        Assert.Equal(["model.zip"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Save_WritesTheWeights_AsSafetensorsInTheZip()
    {
        using TemporaryFolder folder = new();
        TinyTrainer.Model.Save(folder.File("model.zip"));

        using ZipArchive zip = ZipFile.OpenRead(folder.File("model.zip"));
        Assert.Contains(zip.Entries, e => e.Name == "network.safetensors");
        Assert.Contains(zip.Entries, e => e.Name == "transformer.json");
    }

    [Fact]
    public void Load_OnAGpuThatIsNotThere_ThrowsOrFallsBackAsAsked()
    {
        using TemporaryFolder folder = new();
        TinyTrainer.Model.Save(folder.File("model.zip"));
        MLContext mlContext = new() { GpuDeviceId = 1000 };

        string message = Assert.Throws<GMemRuntimeException>(() => GMemTransformer.Load(folder.File("model.zip"), mlContext)).Message;
        Assert.Contains(folder.File("model.zip"), message, StringComparison.Ordinal);
        Assert.Contains("GpuDeviceId is 1000", message, StringComparison.Ordinal);
        mlContext.FallbackToCpu = true;
        GMemTransformer.Load(folder.File("model.zip"), mlContext).Dispose();
    }

    [Fact]
    public void Load_OfNoFile_NamesIt() =>
        Assert.Equal("There is no model file 'nowhere.zip'.",
            Assert.Throws<FileNotFoundException>(() => GMemTransformer.Load("nowhere.zip")).Message);

    [Fact]
    public void Load_OfWhatIsNoModel_NamesFileAndCause()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.zip");
        File.WriteAllBytes(path, []);
        Assert.Equal($"'{path}' cannot be loaded as a GMem model: the file is empty, or a pipe or device.", Fault(path));

        File.WriteAllText(path, "a text");
        Assert.Equal($"'{path}' cannot be loaded as a GMem model: it is not a zip archive, or it was cut short.", Fault(path));

        File.Delete(path);
        using (ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            zip.CreateEntry("readme.txt").Open().Dispose();
        }

        Assert.Equal($"'{path}' cannot be loaded as a GMem model: it is a zip archive but not a model that this ML.NET can read.",
            Fault(path));
    }

    [Fact]
    public void Load_OfAnotherModel_SaysWhatItHolds()
    {
        using TemporaryFolder folder = new();
        MLContext mlContext = new();
        ITransformer other = mlContext.Transforms.CopyColumns("Seed", nameof(TrainingRow.Number)).Fit(TinyTrainer.Images);
        mlContext.Model.Save(other, null, folder.File("model.zip"));

        Assert.Equal($"'{folder.File("model.zip")}' is an ML.NET model but not one of GMem: it holds ColumnCopyingTransformer.", Fault(
            folder.File("model.zip")));
    }

    [Fact]
    public void Load_OfATruncatedModel_NamesTheFileWhereverItWasCut()
    {
        using TemporaryFolder folder = new();
        TinyTrainer.Model.Save(folder.File("whole.zip"));
        byte[] whole = File.ReadAllBytes(folder.File("whole.zip"));
        foreach (int length in new[] { 1, 100, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(folder.File("cut.zip"), whole[..length]);
            Assert.Contains(folder.File("cut.zip"), Fault(folder.File("cut.zip")), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("network.safetensors")]
    [InlineData("transformer.json")]
    [InlineData("model.json")]
    public void Load_WithoutAnEntry_NamesIt(string entry)
    {
        using TemporaryFolder folder = new();
        TinyTrainer.Model.Save(folder.File("model.zip"));
        using (ZipArchive zip = ZipFile.Open(folder.File("model.zip"), ZipArchiveMode.Update))
        {
            zip.Entries.Single(e => e.Name == entry).Delete();
        }

        Assert.Contains($"no entry '{entry}'", Fault(folder.File("model.zip")), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfANewerVersion_SaysBothVersions()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.zip");
        TinyTrainer.Model.Save(path);
        RaiseVersion(path);

        const string Message = "The model was saved by a newer GMem.MLNet: it needs format version 0x00020001, and this one reads "
            + "versions up to 0x00010001. Update the GMem.MLNet package to load it.";
        Assert.Equal($"'{path}' cannot be loaded as a GMem model: {Message}", Fault(path));
        Exception e = Assert.ThrowsAny<Exception>(() => new MLContext().Model.Load(path, out _));
        Assert.Equal(Message, Assert.IsType<InvalidDataException>(e.GetBaseException()).Message);
    }

    /// <summary>
    /// In ML.NET's header the model's signature is followed by the versions written and readable, two bytes minor and two major each.
    /// </summary>
    private static void RaiseVersion(string path)
    {
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Update);
        ZipArchiveEntry entry = zip.Entries.First(e => e.Name == "Model.key");
        using Stream stream = entry.Open();
        byte[] header = new byte[stream.Length];
        stream.ReadExactly(header);
        int at = header.AsSpan().IndexOf(Encoding.ASCII.GetBytes("GMEMXFRM"));
        Assert.True(at > 0);
        header[at + 10] = 2;
        header[at + 14] = 2;
        stream.Position = 0;
        stream.Write(header);
    }

    private static string Fault(string path) => Assert.Throws<InvalidDataException>(() => GMemTransformer.Load(path)).Message;
}
