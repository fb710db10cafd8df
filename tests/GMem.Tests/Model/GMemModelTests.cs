using System.Text;
using GMem.Images;
using GMem.Latents;
using GMem.Memory;
using GMem.Sampling;
using GMem.Tests.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

public sealed class GMemModelTests
{
    [Fact]
    public void Fit_SameSeedTwice_SameLossesAndSameImagesBitForBit()
    {
        ProgressList first = new();
        ProgressList second = new();
        using GMemModel a = TinyModel.Train(progress: first);
        using GMemModel b = TinyModel.Train(progress: second);
        Assert.Equal(6, first.Reports.Count);
        Assert.Equal(first.Reports.Select(r => r.Loss), second.Reports.Select(r => r.Loss));
        Assert.Equal(first.Reports.Select(r => r.GradientNorm), second.Reports.Select(r => r.GradientNorm));
        Assert.Equal(TinyModel.Generate(a, new(1), new(2)), TinyModel.Generate(b, new(1), new(2)));
    }

    [Fact]
    public void Fit_OtherSeed_OtherLosses()
    {
        ProgressList first = new();
        ProgressList second = new();
        TinyModel.Train(TinyModel.Options(seed: 3), first).Dispose();
        TinyModel.Train(TinyModel.Options(seed: 4), second).Dispose();
        Assert.NotEqual(first.Reports[0].Loss, second.Reports[0].Loss);
    }

    [Fact]
    public void Fit_MoreSteps_LossFalls()
    {
        ProgressList progress = new();
        TinyModel.Train(TinyModel.Options(steps: 150), progress).Dispose();
        Assert.True(progress.Reports[^30..].Average(r => r.Loss) < 0.7 * progress.Reports[..30].Average(r => r.Loss));
    }

    [Fact]
    public void Fit_Reports_CountStepsEpochsAndTime()
    {
        GMemOptions options = TinyModel.Options(steps: 7);
        options.Training.LogEveryNStep = 3;
        ProgressList progress = new();
        TinyModel.Train(options, progress).Dispose();
        Assert.Equal([(1L, true), (3L, false), (6L, false), (7L, false)], progress.Reports.Select(r => (r.Step, r.IsInterim)));
        Assert.Equal(7 * 8 / 24.0, progress.Reports[^1].Epoch, 9);
        Assert.Equal(TimeSpan.Zero, progress.Reports[^1].TimeLeft);
        Assert.All(progress.Reports, r => Assert.True(
            r is { TotalSteps: 7, ImagesPerSecond: > 0, Loss: > 0, GradientNorm: > 0, LearningRate: 1e-3 }));
    }

    [Fact]
    public void Fit_Cancelled_KeepsWhatWasLearnedAndSaysSo()
    {
        using CancellationTokenSource source = new();
        ProgressList progress = new() { OnReport = r => { if (r.Step == 2) { source.Cancel(); } } };
        using TrainingImages images = TinyModel.Images();
        using GMemModel model = GMemModel.Fit(images, TinyModel.Options(), torch.CPU, progress, source.Token);
        Assert.Equal(2, progress.Reports.Count);
        Assert.Equal((2, true), (model.TrainedSteps, model.IsPartial));

        using GMemModel twoSteps = TinyModel.Train(TinyModel.Options(steps: 2));
        Assert.Equal((2, false), (twoSteps.TrainedSteps, twoSteps.IsPartial));
        Assert.Equal(TinyModel.Generate(twoSteps, new GenerationRequest(5)), TinyModel.Generate(model, new GenerationRequest(5)));

        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal((2, true), (loaded.TrainedSteps, loaded.IsPartial));
    }

    [Theory]
    [InlineData(0, CancellationBehavior.Keep)]
    [InlineData(2, CancellationBehavior.Throw)]
    public void Fit_CancelledWithNothingToKeepOrToThrow_Throws(int step, CancellationBehavior behavior)
    {
        using CancellationTokenSource source = new();
        ProgressList progress = new() { OnReport = r => { if (r.Step == step) { source.Cancel(); } } };
        if (step == 0)
        {
            source.Cancel();
        }

        GMemOptions options = TinyModel.Options();
        options.Training.OnCancellation = behavior;
        using TrainingImages images = TinyModel.Images();
        Assert.Throws<OperationCanceledException>(() => GMemModel.Fit(images, options, torch.CPU, progress, source.Token));
        Assert.Equal(step, progress.Reports.Count);
    }

    [Fact]
    public void EntryOf_EachKindOfRequest_IsTheEntryThatIsUsed()
    {
        using GMemModel all = TinyModel.Train();
        using GMemModel model = all.WithMemory(Labelled(all.Memory));
        GenerationRequest[] requests = [new(1), new(
            2, MemoryIndex: 7), new(3, PromptLabel: "odd"), new(4, Snippet: Enumerable.Repeat(1f, all.Memory.Dimension).ToArray())];

        MemoryEntry?[] entries = [.. requests.Select(model.EntryOf)];

        IReadOnlyList<GeneratedImage> images = model.Generate(requests);
        Assert.Equal(images.MemoryIndices, entries.Select(e => e?.Index ?? -1));
        Assert.Equal(7, entries[1]?.Index);
        Assert.Equal("odd", entries[2]?.Label);
        Assert.Null(entries[3]);
    }

    [Fact]
    public void Generate_OfALabel_IsTheImageOfTheEntryDrawn()
    {
        using GMemModel all = TinyModel.Train();
        using GMemModel model = all.WithMemory(Labelled(all.Memory));
        long[] drawn =
            [.. Enumerable.Range(0, 40).Select(seed => model.EntryOf(new GenerationRequest(seed, PromptLabel: "odd"))!.Value.Index)];
        Assert.All(drawn, index => Assert.Equal(1, index % 2));
        Assert.True(drawn.Distinct().Count() > 6);

        Assert.Equal(TinyModel.Generate(model, new GenerationRequest(5, MemoryIndex: drawn[5])), TinyModel.Generate(
            model, new GenerationRequest(5, PromptLabel: "odd")));
    }

    [Fact]
    public void Validate_TwoPromptsOrAnUnknownLabel_AreRefused()
    {
        using GMemModel all = TinyModel.Train();
        using GMemModel model = all.WithMemory(Labelled(all.Memory));

        Assert.Equal(
            "A request has MemoryIndex 3 and the PromptLabel 'odd'; give one of them, or none to let the seed pick an entry.",
            Assert.Throws<ArgumentException>(() => model.Validate(new GenerationRequest(1, 3, PromptLabel: "odd"))).Message);
        Assert.Contains("has the label 'cat'; it knows 'even', 'odd'.", Assert.Throws<ArgumentException>(
            () => model.Validate(new GenerationRequest(1, PromptLabel: "cat"))).Message, StringComparison.Ordinal);
        Assert.Contains("its entries have no labels", Assert.Throws<ArgumentException>(
            () => all.Validate(new GenerationRequest(1, PromptLabel: "cat"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_TrainingImages_GivesTheirEntries()
    {
        using GMemModel model = TinyModel.Train();
        using TrainingImages images = TinyModel.Images();
        IReadOnlyList<RgbImage> pictures = ImageTensors.FromTensor(images.Pixels);

        using torch.Tensor snippets = model.Encode([.. pictures]);

        using torch.Tensor rows = model.Memory.Rows([.. Enumerable.Range(0, 24).Select(i => (long)i)]);
        Assert.True(snippets.allclose(rows, rtol: 0, atol: 1e-6));
        using torch.Tensor one = model.Encode(pictures[9]);
        Assert.Equal(snippets[9].data<float>().ToArray(), one.data<float>().ToArray());
    }

    [Fact]
    public void NearestCosines_OfEntriesAndOthers_AreThoseOfASearch()
    {
        using GMemModel model = TinyModel.Train();
        float[] brought = [.. Enumerable.Range(0, model.Memory.Dimension).Select(i => MathF.Sin(i))];
        using torch.Tensor row = model.Memory.Rows([4]);

        IReadOnlyList<float> cosines = model.NearestCosines(
            [new(1), new(2, Snippet: brought), new(3, Snippet: row.data<float>().ToArray())]);

        using torch.Tensor query = torch.tensor(brought);
        Assert.Equal(1, cosines[0]);
        Assert.Equal(model.Memory.Nearest(query, 1)[0][0].Cosine, cosines[1], 1e-6);
        Assert.Equal(1, cosines[2], 1e-6);
    }

    [Fact]
    public void Generate_AnyBatch_SameImageForARow()
    {
        using GMemModel model = TinyModel.Train();
        GenerationRequest[] requests = [.. Enumerable.Range(0, 17).Select(i => new GenerationRequest(i * 1000, i % 3 == 0 ? i : null))];
        byte[][] together = TinyModel.Generate(model, requests);
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(together[i], TinyModel.Generate(model, requests[i])[0]);
        }

        byte[][] reversed = TinyModel.Generate(model, [.. requests[..5].Reverse()]);
        Assert.Equal(together[..5], reversed.Reverse());
    }

    [Fact]
    public void Generate_EightThreads_SameImagesAsOne()
    {
        using GMemModel model = TinyModel.Train();
        byte[][] expected = TinyModel.Generate(model, [.. Enumerable.Range(0, 8).Select(i => new GenerationRequest(i))]);
        byte[][] actual = new byte[8][];
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => actual[i] = TinyModel.Generate(
            model, new GenerationRequest(i))[0]);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Generate_SnippetOfAnEntry_SameAsItsIndex()
    {
        using GMemModel model = TinyModel.Train();
        using torch.Tensor row = model.Memory.Rows([5]);
        float[] snippet = [.. row.data<float>().Select(x => 3 * x)];
        IReadOnlyList<GeneratedImage> byIndex = model.Generate([new(9, 5)]);
        IReadOnlyList<GeneratedImage> bySnippet = model.Generate([new(9, Snippet: snippet)]);
        using torch.Tensor difference = (byIndex.Pixels.to(torch.int32) - bySnippet.Pixels.to(torch.int32)).abs().max();
        Assert.InRange(difference.item<int>(), 0, 1);
        Assert.Equal([5L], byIndex.MemoryIndices);
        Assert.Equal([-1L], bySnippet.MemoryIndices);
    }

    [Fact]
    public void Generate_SeedAlone_PicksTheEntryThatIsReported()
    {
        using GMemModel model = TinyModel.Train();
        IReadOnlyList<GeneratedImage> drawn = model.Generate([new(21)]);
        long index = drawn.MemoryIndices[0];
        Assert.InRange(index, 0, model.Memory.Count - 1);
        Assert.Equal(TinyModel.Generate(model, new GenerationRequest(21, index)), TinyModel.Generate(model, new GenerationRequest(21)));
    }

    [Fact]
    public void Generate_NoRequests_GivesNoImages()
    {
        using GMemModel model = TinyModel.Train();
        Assert.Empty(model.Generate([]));
    }

    [Fact]
    public void Validate_WrongRequests_SayWhatIsWrong()
    {
        using GMemModel model = TinyModel.Train();
        int m = model.Memory.Dimension;
        Check(new(1, 24), "MemoryIndex must be from 0 to 23");
        Check(new(1, -2), "MemoryIndex must be from 0 to 23");
        Check(new(1, 2, new float[m]), "MemoryIndex 2 and a Snippet");
        Check(new(1, Snippet: new float[m + 1]), $"The Snippet has {m + 1} entries, but this model's snippets have {m}");
        Check(new(1, Snippet: new float[m]), "The Snippet is all zeros");
        Check(new(1, Snippet: Enumerable.Repeat(float.NaN, m).ToArray()), "not finite");

        void Check(GenerationRequest request, string part)
        {
            Assert.Contains(part, Assert.ThrowsAny<ArgumentException>(() => model.Validate(request)).Message, StringComparison.Ordinal);
            Assert.Contains(
                part, Assert.ThrowsAny<ArgumentException>(() => model.Generate([new(0), request])).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void SaveThenLoad_SameImagesAndBank()
    {
        using GMemModel model = TinyModel.Train();
        MemoryArchive archive = new();
        model.Save(archive);
        Assert.Equal(["encoder.safetensors", "memory.safetensors", "model.json", "network.safetensors"], archive.Entries.Keys.Order(
            StringComparer.Ordinal));
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(TinyModel.Generate(model, new(1), new(2, 7)), TinyModel.Generate(loaded, new(1), new(2, 7)));
        Assert.Equal(model.Memory.Count, loaded.Memory.Count);
        Assert.Equal(model.Encoder!.Kind, loaded.Encoder!.Kind);
        using TrainingImages images = TinyModel.Images();
        using torch.Tensor a = model.Encoder.Encode(images.Pixels);
        using torch.Tensor b = loaded.Encoder.Encode(images.Pixels);
        Assert.True(a.equal(b).all().item<bool>());
    }

    [Fact]
    public void Load_NewerVersion_SaysBothVersions()
    {
        MemoryArchive archive = new();
        archive.Entries["model.json"] = Encoding.UTF8.GetBytes("""{ "version": 7, "writtenBy": "9.1.0", "somethingNew": 1 }""");
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU));
        Assert.Equal("The model has format version 7, written by GMem 9.1.0; this GMem reads versions up to 3. Update the GMem packages "
            + "to load it.", error.Message);
    }

    [Theory]
    [InlineData("model.json")]
    [InlineData("network.safetensors")]
    [InlineData("memory.safetensors")]
    [InlineData("encoder.safetensors")]
    public void Load_EntryMissingOrCutShort_NamesIt(string entry)
    {
        using GMemModel model = TinyModel.Train();
        MemoryArchive archive = new();
        model.Save(archive);
        byte[] whole = archive.Entries[entry];

        archive.Entries.Remove(entry);
        Assert.Contains(
            $"'{entry}'", Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU)).Message, StringComparison.Ordinal);

        archive.Entries[entry] = whole[..(whole.Length / 2)];
        Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU));
    }

    [Fact]
    public void WithMemory_FewerEntries_DrawsFromThoseAndSharesTheNetwork()
    {
        GMemModel model = TinyModel.Train();
        byte[][] before = TinyModel.Generate(model, new GenerationRequest(4, 7));
        using torch.Tensor row = model.Memory.Rows([7]);
        using GMemModel one = model.WithMemory(MemoryBank.FromRows(row));
        model.Dispose();
        IReadOnlyList<GeneratedImage> drawn = one.Generate([new(4)]);
        Assert.Equal([0L], drawn.MemoryIndices);
        Assert.Equal(before[0], drawn.Pixels.data<byte>().ToArray());
    }

    [Fact]
    public void WithMemory_OtherDimension_IsRefused()
    {
        using GMemModel model = TinyModel.Train();
        using torch.Tensor rows = torch.ones(2, model.Memory.Dimension + 1);
        ArgumentException error = Assert.Throws<ArgumentException>(() => model.WithMemory(MemoryBank.FromRows(rows)));
        Assert.Contains($"snippets of {model.Memory.Dimension + 1} entries, but the network takes {model.Memory.Dimension}",
            error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithSampling_OtherSteps_OtherImages()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 60));
        using GMemModel longer = model.WithSampling(new SamplingOptions { Steps = 12 });
        Assert.NotEqual(TinyModel.Generate(model, new GenerationRequest(1)), TinyModel.Generate(longer, new GenerationRequest(1)));
        Assert.Equal(3, model.Sampling.Steps);
    }

    [Fact]
    public void Dispose_Twice_ThenGenerateIsRefused()
    {
        GMemModel model = TinyModel.Train();
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Generate([new(1)]));
    }

    [Fact]
    public void Fit_OwnSnippets_AreTheBankAndThereIsNoEncoder()
    {
        using TrainingImages plain = TinyModel.Images();
        using torch.Generator generator = new(2);
        using TrainingImages images = new(plain.Pixels.clone(), torch.randn([24, 5], generator: generator));
        using GMemModel model = GMemModel.Fit(images, TinyModel.Options(), torch.CPU);
        Assert.Null(model.Encoder);
        Assert.Equal(5, model.Memory.Dimension);
        using torch.Tensor rows = model.Memory.Rows([3]);
        using torch.Tensor expected = torch.nn.functional.normalize(images.Snippets![3].unsqueeze(0), 2, 1);
        ReferenceFolder.Close(rows, expected, 1e-6, 0, "row 3");
    }

    [Fact]
    public void Fit_WrongImagesOrOptions_SayWhatIsWrong()
    {
        Check(TinyModel.Images(count: 5), _ => { }, "There are 5 images, fewer than one batch of 8");
        Check(TinyModel.Images(size: 9), _ => { }, "The image size 9 is not divisible by the patch of 2 pixels");
        Check(TinyModel.Images(), o => o.Training.LearningRate = -1, "LearningRate is -1, it must be above 0");
        Check(TinyModel.Images(), o => { o.Training.Beta1 = 1; o.Training.TotalSteps = 0; },
            "TotalSteps is 0, it must be from 1 to 1000000000; Beta1 is 1, it must be in [0, 1)");
        Check(TinyModel.Images(), o => o.EncoderTrainer = null!, "EncoderTrainer is ");
        Check(new TrainingImages(torch.zeros(24, 3, 8, 8)), _ => { }, "Images must be uint8 [N, C, H, W] with 1, 3 or 4 channels; these are Float32 [24, 3, 8, 8]");
        Check(new TrainingImages(torch.zeros([24, 3, 8, 8], dtype: torch.uint8), torch.ones(23, 4)), _ => { }, "one row an image");
        Check(new TrainingImages(torch.zeros([24, 3, 8, 8], dtype: torch.uint8), torch.ones(24, 4)),
            o => o.Training.HorizontalFlip = true, "set HorizontalFlip = false");

        static void Check(TrainingImages images, Action<GMemOptions> change, string part)
        {
            using TrainingImages owned = images;
            GMemOptions options = TinyModel.Options();
            change(options);
            ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => GMemModel.Fit(owned, options, torch.CPU));
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>The same entries, labelled by whether their index is even.</summary>
    private static MemoryBank Labelled(MemoryBank bank)
    {
        using torch.Tensor rows = bank.Rows([.. Enumerable.Range(0, (int)bank.Count).Select(i => (long)i)]);
        return MemoryBank.FromRows(rows, [.. Enumerable.Range(0, (int)bank.Count).Select(i => i % 2 == 0 ? "even" : "odd")]);
    }
}
