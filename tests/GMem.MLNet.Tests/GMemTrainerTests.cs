using GMem.Latents;
using GMem.MLNet.Persistence;
using GMem.MLNet.Tests.Fakes;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using TorchSharp;

namespace GMem.MLNet.Tests;

public class GMemTrainerTests
{
    [Fact]
    public void Fit_WithTheSameSeed_GivesTheSameModelBitForBit()
    {
        IDataView prompts = Views.Of(TinyTrainer.Prompts());
        using GMemTransformer again = TinyTrainer.Fit(new MLContext(seed: 1));
        using GMemTransformer other = TinyTrainer.Fit(new MLContext(seed: 2));

        List<byte[]> expected = TinyTrainer.Model.Transform(prompts).Pixels();
        Assert.Equal(expected, again.Transform(prompts).Pixels());
        Assert.NotEqual(expected, other.Transform(prompts).Pixels());
    }

    [Fact]
    public void Fit_Twice_GivesTheSameModel()
    {
        GMemTrainer trainer = new MLContext().ImageGeneration.Trainers.GMem(TinyTrainer.Options());
        using GMemTransformer one = trainer.Fit(TinyTrainer.Images);
        using GMemTransformer two = trainer.Fit(TinyTrainer.Images);
        IDataView prompts = Views.Of(TinyTrainer.Prompts());

        Assert.Equal(one.Transform(prompts).Pixels(), two.Transform(prompts).Pixels());
    }

    [Fact]
    public void Fit_ProgressAndLogThatThrow_GiveTheModelAllTheSame()
    {
        MLContext quiet = new(seed: 1), throwing = new(seed: 1);
        List<string> warnings = [];
        throwing.Log += (_, entry) =>
        {
            if (entry.Kind == ChannelMessageKind.Warning)
            {
                warnings.Add(entry.RawMessage);
            }
            else if (entry.RawMessage.StartsWith("Step ", StringComparison.Ordinal))
            {
                throw new InvalidOperationException("the log is full");
            }
        };
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.LogEveryNStep = 1;
        options.Progress = new Throwing();
        using GMemTransformer expected = quiet.ImageGeneration.Trainers.GMem(TinyTrainer.Options()).Fit(TinyTrainer.Images);
        using GMemTransformer model = throwing.ImageGeneration.Trainers.GMem(options).Fit(TinyTrainer.Images);

        IDataView prompts = Views.Of(TinyTrainer.Prompts());
        Assert.Equal(expected.Transform(prompts).Pixels(), model.Transform(prompts).Pixels());
        Assert.Equal(options.Training.TotalSteps, model.TrainedSteps);
        Assert.Contains(warnings, w => w.Contains("the log is full", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_ProgressThatThrows_IsTold()
    {
        MLContext context = new(seed: 1);
        List<string> warnings = [];
        context.Log += (_, entry) => warnings.AddRange(entry.Kind == ChannelMessageKind.Warning ? [entry.RawMessage] : []);
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.LogEveryNStep = 1;
        options.Progress = new Throwing();
        using GMemTransformer model = context.ImageGeneration.Trainers.GMem(options).Fit(TinyTrainer.Images);

        Assert.Equal(options.Training.TotalSteps, model.TrainedSteps);
        Assert.Contains(warnings, w => w.Contains("Options.Progress threw TimeZoneNotFoundException", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_NetworkThatDoesNotFit_IsRefusedBeforeARowIsRead()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Network = options.Network with { HiddenSize = 49152, HeadCount = 8, Depth = 64 };
        bool wasRead = false;
        IDataView view = Views.MLContext.Data.LoadFromEnumerable(Rows());
        GMemTrainer trainer = new MLContext().ImageGeneration.Trainers.GMem(options);

        Assert.Contains("are free", Assert.Throws<InsufficientMemoryException>(() => trainer.Fit(view)).Message);
        Assert.False(wasRead);

        IEnumerable<TrainingRow> Rows()
        {
            wasRead = true;
            yield return new TrainingRow();
        }
    }

    [Fact]
    public void Fit_LeavesTheCallersOptionsAlone()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        GMemTrainer trainer = new MLContext(seed: 1).ImageGeneration.Trainers.GMem(options);

        // Changed too late to matter.
        options.Training.TotalSteps = 1_000_000;
        options.Generation = new GenerationOptions { OutputImageColumnName = "Other" };
        using GMemTransformer model = trainer.Fit(TinyTrainer.Images);

        Assert.Equal(0, options.Training.Seed);
        Assert.NotEqual(TinyTrainer.Images.Schema.Count, options.Network.Snippet!.Size);
        Assert.NotNull(model.GetOutputSchema(TinyTrainer.Images.Schema).GetColumnOrNull("GeneratedImage"));
    }

    [Fact]
    public void GetOutputSchema_OfTrainerAndTransformer_Agree()
    {
        DataViewSchema input = TinyTrainer.Images.Schema;
        SchemaShape promise = new MLContext().ImageGeneration.Trainers.GMem(TinyTrainer.Options()).GetOutputSchema(SchemaShapes.Of(input));
        DataViewSchema output = TinyTrainer.Model.GetOutputSchema(input);

        Assert.Equal(SchemaShapes.Of(output).Select(Text), promise.Select(Text));
        Assert.Equal(output.Select(c => c.Name), TinyTrainer.Model.Transform(TinyTrainer.Images).Schema.Select(c => c.Name));
        Assert.Equal(["Bytes", "Features", "Number", "GeneratedImage", "MemoryIndex", "Seed", "MemoryLabel", "MemoryCosine", "MemoryId"],
            output.Select(c => c.Name));

        static string Text(SchemaShape.Column c) => $"{c.Name} {c.Kind} {c.ItemType} {c.IsKey}";
    }

    [Fact]
    public void Fit_WithLabels_KeepsThemWithTheEntries()
    {
        IDataView text = Views.Of(
            [.. TinyTrainer.Rows.Select((row, i) => new LabelledRow { Bytes = row.Bytes, Label = i % 3 == 0 ? "" : $"kind {i % 3}" })]);
        IDataView key = Views.MLContext.Transforms.Conversion.MapValueToKey("Label").Fit(text).Transform(text);
        foreach (IDataView images in new[] { text, key })
        {
            using GMemTransformer model = Views.MLContext.ImageGeneration.Trainers.GMem(TinyTrainer.Options()).Fit(images);

            Assert.Equal(["kind 1", "kind 2"], model.Memory.Labels);
            Assert.Equal(Enumerable.Range(0, 24).Select(i => i % 3 == 0 ? null : $"kind {i % 3}"),
                model.Memory.Entries.Select(e => e.Label));
            IDataView generated = model.Transform(
                Views.Of(new PromptRow { Seed = 5, PromptLabel = "kind 2" }, new PromptRow { Seed = 6, PromptLabel = "kind 1" }));
            Assert.Equal(["kind 2", "kind 1"], generated.Values<ReadOnlyMemory<char>>("MemoryLabel").Select(l => l.ToString()));
            Assert.Equal([2, 1], generated.Values<long>("MemoryIndex").Select(i => i % 3));
            IDataView prompt = Views.Of(new PromptRow { PromptLabel = "cat" });
            string message = Assert.Throws<InvalidDataException>(() => model.Transform(prompt).Pixels()).Message;
            Assert.StartsWith(
                "Row 0 (counted from 0): No entry of the memory bank has the label 'cat'; it knows 'kind 1', 'kind 2'.", message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Fit_WithSnippetsOfOnesOwn_BuildsTheBankFromThem()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.SnippetColumnName = nameof(TrainingRow.Features);
        using GMemTransformer model = TinyTrainer.Fit(options: options);

        Assert.Equal(3, model.Memory.Dimension);
        Assert.Equal(TinyTrainer.Rows.Count, model.Memory.Count);
        Assert.Null(model.Model.Encoder);
        float length = MathF.Sqrt(1 + (2 * 16));
        using torch.Tensor row = model.Memory.Rows([4]);
        Assert.Equal([1 / length, 4 / length, -4 / length], row.data<float>().ToArray(), (a, b) => MathF.Abs(a - b) < 1e-6f);
    }

    [Fact]
    public void Fit_ReportsProgress_ToTheCallerAndToTheLog()
    {
        List<TrainingProgress> reports = [];
        List<string> log = [];
        MLContext mlContext = new(seed: 1);
        mlContext.Log += (_, e) => log.Add(e.Message);
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.LogEveryNStep = 2;
        options.Progress = new Reports(reports);

        TinyTrainer.Fit(mlContext, options).Dispose();

        Assert.Equal([1, 2, 4, 6], reports.Select(r => r.Step));
        Assert.True(reports[0] is { IsInterim: true, TimeLeft.Ticks: > 0 });
        Assert.Contains(log, m => m.Contains("Read 24 images of 8 x 8 pixels.", StringComparison.Ordinal));
        Assert.Contains(log, m => m.Contains("Training on cpu", StringComparison.Ordinal));
        Assert.Equal(4, log.Count(
            m => m.Contains(" of 6 (epoch ", StringComparison.Ordinal) && m.Contains("images/s", StringComparison.Ordinal)));
    }

    [Fact]
    public void Fit_FewerImagesThanTheDefaultBatch_WarnsOnceAndTrainsOnAll()
    {
        List<(ChannelMessageKind Kind, string Text)> log = [];
        MLContext mlContext = new(seed: 1);
        mlContext.Log += (_, e) => log.Add((e.Kind, e.RawMessage));
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.BatchSize = null;

        using GMemTransformer model = TinyTrainer.Fit(mlContext, options);

        Assert.Equal(
            "24 images are fewer than the default batch of 64: BatchSize is 24, so every step sees them all.",
            Assert.Single(log, m => m.Kind == ChannelMessageKind.Warning).Text);
        Assert.Equal(6, model.TrainedSteps);
    }

    [Fact]
    public void Fit_BeforeTheFirstStep_NamesThePhases()
    {
        List<string> log = [];
        MLContext mlContext = new(seed: 1);
        mlContext.Log += (_, e) => log.Add(e.RawMessage);
        GMemTrainer.Options options = TinyTrainer.Options();
        List<EncodingPhase> phases = [];
        options.EncodingProgress = new Phases(phases);

        TinyTrainer.Fit(mlContext, options).Dispose();

        Assert.Equal([EncodingPhase.Encoder, EncodingPhase.Images, EncodingPhase.Memory], phases);
        string[] expected =
        [
            "Read 24 images of 8 x 8 pixels.", "Fitting the encoder to 24 images.", "Encoded 24 images of 24.",
            "Building the memory bank of 24 entries.", "Step 1 of 6",
        ];
        Assert.Equal(
            expected, log.Select(line => expected.FirstOrDefault(e => line.StartsWith(e, StringComparison.Ordinal))).OfType<string>());
    }

    [Fact]
    public void MeasureStep_OfATinyNetwork_GivesATime() =>
        Assert.True(new MLContext(seed: 1).ImageGeneration.Trainers.GMem(TinyTrainer.Options()).MeasureStep() > TimeSpan.Zero);

    [Fact]
    public void Fit_OnAGpuThatIsNotThere_ThrowsOrFallsBackAsAsked()
    {
        MLContext mlContext = new(seed: 1) { GpuDeviceId = 1000, FallbackToCpu = false };
        Assert.Contains(
            "GpuDeviceId is 1000", Assert.Throws<GMemRuntimeException>(() => TinyTrainer.Fit(mlContext)).Message, StringComparison.Ordinal);

        mlContext.FallbackToCpu = true;
        using GMemTransformer model = TinyTrainer.Fit(mlContext);
        Assert.Equal(DeviceType.CPU, model.Model.Device.type);
    }

    [Fact]
    public void Fit_CancelledAfterAReport_GivesAPartialTransformer()
    {
        using CancellationTokenSource source = new();
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.TotalSteps = 1_000_000;
        options.CancellationToken = source.Token;
        options.Progress = new Reports([], _ => source.Cancel());

        using GMemTransformer model = TinyTrainer.Fit(options: options);

        Assert.True(model.IsPartial);
        Assert.Equal(1, model.TrainedSteps);
        Assert.Single(model.Transform(Views.Of(new PromptRow { Seed = 4 })).Pixels());
    }

    [Fact]
    public void Fit_StoppedWithoutASeedOfAnyKind_TheSameAgainContinues()
    {
        using TemporaryFolder folder = new();
        GMemTrainer.Options options = TinyTrainer.Options();
        options.WorkspacePath = folder.Path;
        options.Training.CheckpointEvery = 1;
        options.Training.SampleEveryNStep = 0;
        using CancellationTokenSource stop = new();
        options.CancellationToken = stop.Token;
        options.Progress = new Reports([], r => { if (r.Step == 2) { stop.Cancel(); } });
        TinyTrainer.Fit(new MLContext(), options).Dispose();

        List<TrainingProgress> reports = [];
        options.CancellationToken = default;
        options.Progress = new Reports(reports, _ => { });
        using GMemTransformer model = TinyTrainer.Fit(new MLContext(), options);
        Assert.Equal(3, reports[0].Step);

        Assert.Contains(
            "Training.Seed was", Assert.Throws<ArgumentException>(() => TinyTrainer.Fit(new MLContext(seed: 77), options)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_WithAWorkspace_LogsReportsAndMessagesAtTheirLevels()
    {
        using TemporaryFolder folder = new();
        GMemTrainer.Options options = TinyTrainer.Options();
        options.WorkspacePath = folder.Path;
        options.Training.CheckpointEvery = 2;
        options.Training.SampleEveryNStep = 0;
        MLContext mlContext = new(seed: 1);
        List<LoggingEventArgs> log = [];
        mlContext.Log += (_, e) => log.Add(e);
        TinyTrainer.Fit(mlContext, options).Dispose();
        Assert.Contains(log, e => e.Kind == ChannelMessageKind.Info && e.RawMessage.StartsWith("Step 2 of 6", StringComparison.Ordinal));
        Assert.Contains(log, e => e.Kind == ChannelMessageKind.Trace && e.RawMessage.StartsWith("Checkpoint '", StringComparison.Ordinal));
        Assert.Contains(
            log, e => e.Kind == ChannelMessageKind.Info && e.RawMessage.StartsWith("Where the time went", StringComparison.Ordinal));
        Assert.DoesNotContain(log, e => e.Kind == ChannelMessageKind.Warning);
    }

    [Fact]
    public void Fit_CancelledToThrow_Throws()
    {
        using CancellationTokenSource source = new();
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.TotalSteps = 1_000_000;
        options.Training.OnCancellation = CancellationBehavior.Throw;
        options.CancellationToken = source.Token;
        options.Progress = new Reports([], _ => source.Cancel());

        Assert.ThrowsAny<OperationCanceledException>(() => TinyTrainer.Fit(options: options));
    }

    [Fact]
    public void Fit_FewerImagesThanOneBatch_SaysHowMany()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.BatchSize = 25;

        Assert.Equal(
            "The training data have 24 images, fewer than one batch of 25. Give more images, or set Training.BatchSize (batchSize) to at "
                + "most 24.",
            Assert.Throws<ArgumentException>(() => TinyTrainer.Fit(options: options)).Message);
    }

    [Fact]
    public void GMem_WithFaultyOptions_NamesThemAll()
    {
        GMemTrainer.Options options = new() { ImageColumnName = "", ImageSize = 30 };
        options.Training.BatchSize = 0;
        options.Generation = new GenerationOptions { BatchSize = 0 };

        Assert.Equal(
            "GMemTrainer.Options: ImageColumnName is empty. ImageSize is 30, which is not divisible by Network.PatchSize 4; choose a "
                + "multiple of it, or another patch size. "
            + "GenerationOptions: BatchSize is 0 and must be from 1 to 65536. TrainingOptions: BatchSize is 0, it must be from 1 to "
                + "1048576.",
            Assert.Throws<ArgumentException>(() => new MLContext().ImageGeneration.Trainers.GMem(options)).Message);
    }

    [Fact]
    public void GMem_ShortOverload_SetsWhatItIsGiven()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => new MLContext().ImageGeneration.Trainers.GMem("", 30, "", totalSteps: 0, batchSize: -1, learningRate: -2));

        Assert.All(["ImageColumnName is empty", "ImageSize is 30", "SnippetColumnName is empty", "TotalSteps is 0", "BatchSize is -1",
            "LearningRate is -2"],
            fault => Assert.Contains(fault, e.Message, StringComparison.Ordinal));
    }

    private sealed class Reports(List<TrainingProgress> reports, Action<TrainingProgress>? then = null) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            reports.Add(value);
            then?.Invoke(value);
        }
    }

    private sealed class LabelledRow
    {
        public byte[] Bytes { get; set; } = [];

        public string Label { get; set; } = "";
    }

    private sealed class Throwing : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => throw new TimeZoneNotFoundException("nobody expects this one");
    }

    private sealed class Phases(List<EncodingPhase> seen) : IProgress<EncodingProgress>
    {
        public void Report(EncodingProgress value) => seen.Add(value.Phase);
    }
}
