using GMem.Memory;
using GMem.MLNet.Tests.Fakes;
using GMem.Sampling;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

namespace GMem.MLNet.Tests;

public class GMemTransformerTests
{
    private static GMemTransformer Model => TinyTrainer.Model;

    private static IDataView Prompts => Views.Of(TinyTrainer.Prompts());

    [Fact]
    public void Transform_AnyBatchSize_GivesTheSameImages()
    {
        List<byte[]> expected = Model.Transform(Prompts).Pixels();
        Assert.Equal(5, expected.Distinct(new BytesComparer()).Count());
        foreach (int batchSize in new[] { 1, 3 })
        {
            using GMemTransformer other = Model.WithGeneration(new GenerationOptions { BatchSize = batchSize });
            Assert.Equal(expected, other.Transform(Prompts).Pixels());
        }
    }

    [Fact]
    public void Transform_OnSeveralThreads_GivesTheSameImages()
    {
        List<byte[]> expected = Model.Transform(Prompts).Pixels();
        List<byte[]>[] found = new List<byte[]>[3];

        Parallel.For(0, found.Length, i => found[i] = Model.Transform(Prompts).Pixels());

        Assert.All(found, pixels => Assert.Equal(expected, pixels));
    }

    [Fact]
    public void Transform_OfPrompts_SaysWhatWasUsed()
    {
        IDataView images = Model.Transform(Prompts);
        List<long> entries = images.Values<long>("MemoryIndex");

        Assert.Equal([1, 2, 3, 4, 5], images.Values<long>("Seed"));
        Assert.Equal(5, entries[2]);
        Assert.Equal(-1, entries[3]);
        Assert.InRange(entries[0], 0, Model.Memory.Count - 1);
        Assert.Equal(8, Assert.IsType<Microsoft.ML.Transforms.Image.ImageDataViewType>(images.Schema["GeneratedImage"].Type).Width);
    }

    [Fact]
    public void Transform_AskedForTheEntryItDrew_MakesTheSameImage()
    {
        List<long> entries = Model.Transform(Prompts).Values<long>("MemoryIndex");
        IDataView again = Views.Of(new PromptRow { Seed = 1, MemoryIndex = entries[0] });

        Assert.Equal(Model.Transform(Prompts).Pixels()[0], Model.Transform(again).Pixels()[0]);
    }

    [Fact]
    public void Transform_OfATrainingImage_FindsItInTheMemory()
    {
        IDataView prompts = Views.Of(new BytesPrompt { Seed = 3, PromptImage = TinyTrainer.Rows[5].Bytes });
        IDataView entry = Views.Of(new PromptRow { Seed = 3, MemoryIndex = 5 });

        Assert.Equal([-1], Model.Transform(prompts).Values<long>("MemoryIndex"));
        Assert.Equal(1, Model.Transform(prompts).Values<float>("MemoryCosine")[0], 1e-6f);
        Assert.Equal(Model.Transform(entry).Pixels(), Model.Transform(prompts).Pixels());
    }

    [Fact]
    public void Transform_OfSnippets_SaysHowNearTheMemoryIsWhateverTheBatch()
    {
        List<float> cosines = Model.Transform(Prompts).Values<float>("MemoryCosine");
        Assert.Equal([1, 1, 1], cosines[..3]);
        Assert.InRange(cosines[3], -1, 0.999f);
        using GMemTransformer single = Model.WithGeneration(new GenerationOptions { BatchSize = 1 });
        Assert.Equal(cosines, single.Transform(Prompts).Values<float>("MemoryCosine"));
        using torch.Tensor snippet = torch.tensor(TinyTrainer.Prompts()[3].Snippet);
        Assert.Equal(Model.Memory.Nearest(snippet, 1)[0][0].Cosine, cosines[3], 1e-6);
    }

    [Fact]
    public void Transform_OfAnImageByAModelWithoutEncoder_SaysSo()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.SnippetColumnName = nameof(TrainingRow.Features);
        using GMemTransformer model = TinyTrainer.Fit(options: options);

        IDataView prompt = Views.Of(new BytesPrompt { PromptImage = TinyTrainer.Rows[0].Bytes });
        string message = Assert.Throws<InvalidDataException>(() => model.Transform(prompt).Pixels()).Message;

        Assert.StartsWith("Row 0 (counted from 0): This model has no encoder", message, StringComparison.Ordinal);
    }

    [Fact]
    public void PredictionEngine_OfALabelOrAnImage_GeneratesFromIt()
    {
        MLContext ml = new();
        using PredictionEngine<BytesPrompt, GeneratedImageRow> engine = ml.Model.CreatePredictionEngine<BytesPrompt, GeneratedImageRow>(
            Model.WithGeneration(new GenerationOptions()));

        GeneratedImageRow row = engine.Predict(new BytesPrompt { Seed = 3, PromptImage = TinyTrainer.Rows[5].Bytes });

        using MLImage image = row.GeneratedImage;
        Assert.Equal(Model.Transform(Views.Of(new PromptRow { Seed = 3, MemoryIndex = 5 })).Pixels()[0], image.Pixels.ToArray());
        Assert.Equal((-1, "", 3L), (row.MemoryIndex, row.MemoryLabel, row.Seed));
        Assert.Equal(1, row.MemoryCosine, 1e-6f);
    }

    [Fact]
    public void Transform_OfABadPrompt_NamesTheRowAndTheRange()
    {
        IDataView prompts = Views.Of(new PromptRow(), new PromptRow { MemoryIndex = 24 });

        string message = Assert.Throws<InvalidDataException>(() => Model.Transform(prompts).Pixels()).Message;

        Assert.StartsWith("Row 1 (counted from 0): MemoryIndex must be from 0 to 23; leave it out", message, StringComparison.Ordinal);
    }

    [Fact]
    public void PredictionEngine_OneRowAtATime_GivesTheImagesOfTheView()
    {
        List<byte[]> expected = Model.Transform(Prompts).Pixels();
        using PredictionEngine<PromptRow, GeneratedImageRow> engine =
            Views.MLContext.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(
                Model, new PredictionEngineOptions { OwnsTransformer = false });

        GeneratedImageRow[] rows = [.. TinyTrainer.Prompts().Select(engine.Predict)];

        Assert.Equal(expected, rows.Select(r => r.GeneratedImage.Pixels.ToArray()));
        Assert.Equal([1, 2, 3, 4, 5], rows.Select(r => r.Seed));
        Assert.Equal(5, rows[2].MemoryIndex);
    }

    [Fact]
    public void CreateEnumerable_OfCreatedPrompts_IsTheProgramOfTheReadme()
    {
        MLContext ml = new(seed: 1);
        using TemporaryFolder folder = new();
        foreach (GeneratedImageRow row in ml.Data.CreateEnumerable<GeneratedImageRow>(
            Model.Transform(ml.ImageGeneration.CreatePrompts(count: 3, seed: 7)), reuseRowObject: false))
        {
            row.GeneratedImage.Save(folder.File($"{row.Seed}.png"));
        }

        Assert.Equal(["7.png", "8.png", "9.png"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void WithMemory_OfOneEntry_DrawsItAlways()
    {
        using torch.Tensor row = Model.Memory.Rows([3]);
        using GMemTransformer other = Model.WithMemory(MemoryBank.FromRows(row));

        Assert.Equal([0, 0, 0, 0], other.Transform(Views.MLContext.ImageGeneration.CreatePrompts(4)).Values<long>("MemoryIndex"));
        Assert.Equal(1, other.Memory.Count);
        Assert.Equal(24, Model.Memory.Count);

        // The same snippet under another number makes the same image.
        Assert.Equal(
            Model.Transform(Views.Of(new PromptRow { Seed = 9, MemoryIndex = 3 })).Pixels()[0],
            other.Transform(Views.Of(new PromptRow { Seed = 9 })).Pixels()[0]);
    }

    [Fact]
    public void WithSampling_OfOtherSteps_GivesOtherImages()
    {
        using GMemTransformer other = Model.WithSampling(new SamplingOptions { Steps = 1 });

        Assert.NotEqual(Model.Transform(Prompts).Pixels(), other.Transform(Prompts).Pixels());
        Assert.Equal(1, other.Model.Sampling.Steps);
    }

    [Fact]
    public void Dispose_OfOneTransformer_LeavesThoseThatShareItsNetwork()
    {
        GMemTransformer first = TinyTrainer.Fit();
        GMemTransformer second = first.WithGeneration(new GenerationOptions { BatchSize = 2 });
        first.Dispose();

        Assert.Equal(Model.Transform(Prompts).Pixels(), second.Transform(Prompts).Pixels());
        Assert.Throws<ObjectDisposedException>(() => first.Transform(Prompts).Pixels());
        second.Dispose();
    }

    [Fact]
    public void Transform_BatchAfterBatch_LeavesNoTensors()
    {
        IDataView images = Model.Transform(Views.MLContext.ImageGeneration.CreatePrompts(4));
        using GMemTransformer small = Model.WithGeneration(new GenerationOptions { BatchSize = 2 });
        images.Pixels();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        small.Transform(Views.MLContext.ImageGeneration.CreatePrompts(6)).Pixels();

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => bytes.Length;
    }

    private sealed class BytesPrompt
    {
        public long Seed { get; set; }

        public byte[] PromptImage { get; set; } = [];
    }
}
