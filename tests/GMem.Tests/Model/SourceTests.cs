using GMem.Backbone;
using GMem.Latents;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Models whose flow starts at what the snippet says.</summary>
public sealed class SourceTests
{
    private static readonly GenerationRequest[] Requests =
        [new(1), new(2, 7), new(3, Snippet: new float[] { 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3 })];

    [Fact]
    public void SaveThenLoad_WithASource_SameImagesBitForBit()
    {
        using GMemModel model = TinyModel.Train(Options());
        MemoryArchive archive = new();
        model.Save(archive);
        Assert.Contains("source.safetensors", archive.Entries.Keys);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(TinyModel.Generate(model, Requests), TinyModel.Generate(loaded, Requests));
        Assert.Equal(model.Core.Source!.Fingerprint(), loaded.Core.Source!.Fingerprint());

        archive.Entries.Remove("source.safetensors");
        Assert.Contains("'source.safetensors'", Assert.Throws<InvalidDataException>(
            () => GMemModel.Load(archive, torch.CPU)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_StoppedAndRunAgain_SameBitsAsNeverStopped(bool flip)
    {
        using TemporaryFolder folder = new();
        using GMemModel whole = TinyModel.Train(Options(flip));
        using CancellationTokenSource stop = new();
        ProgressList progress = new() { OnReport = r => { if (r.Step == 3) { stop.Cancel(); } } };
        GMemOptions options = Options(flip);
        options.WorkspacePath = folder.Path;
        using TrainingImages images = TinyModel.Images();
        GMemModel.Fit(images, options, torch.CPU, progress, stop.Token).Dispose();
        Assert.Equal(3, progress.Reports.Count);
        using GMemModel resumed = TinyModel.Train(options);
        Assert.Equal(TinyModel.Generate(whole, Requests), TinyModel.Generate(resumed, Requests));
        Assert.Equal(whole.Core.Source!.Fingerprint(), resumed.Core.Source!.Fingerprint());

        options.Training.Source = new CentredSource { NoiseScale = 0.4 };
        Assert.Contains("Training.Source.NoiseScale was 0.5 and is 0.4", Assert.Throws<ArgumentException>(
            () => TinyModel.Train(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_AnyBatchAndGuided_SameImageForARow()
    {
        using GMemModel trained = TinyModel.Train(Options());
        using GMemModel model = trained.WithSampling(new SamplingOptions { Steps = 3, GuidanceScale = 2 });
        byte[][] together = TinyModel.Generate(model, Requests);
        Assert.All(Requests.Select((r, i) => (r, i)), p => Assert.Equal(together[p.i], TinyModel.Generate(model, p.r)[0]));
        Assert.NotEqual(TinyModel.Generate(trained, Requests), together);
    }

    [Fact]
    public void Generate_UntrainedNetwork_IsTheSourceOfTheSnippet()
    {
        // A network whose output is still zero leaves what the flow starts from as it is.
        GMemOptions options = Options();
        options.Training.TotalSteps = 1;
        options.Training.LearningRate = 1e-30;
        options.Training.Source = new CentredSource { NoiseScale = 1e-3, Ridge = 1e-6 };
        options.EncoderTrainer = new GMem.Encoders.PcaEncoderTrainer { Dimension = 23 };
        using GMemModel model = TinyModel.Train(options);
        using TrainingImages images = TinyModel.Images();
        byte[] image = images.Pixels[7].data<byte>().ToArray();
        byte[] generated = TinyModel.Generate(model, new GenerationRequest(1, 7))[0];
        double error = image.Zip(generated, (a, b) => Math.Abs(a - b)).Average();
        Assert.InRange(error, 0, 12);
    }

    [Fact]
    public void Fit_FromAModelWithASource_KeepsIt()
    {
        using GMemModel initial = TinyModel.Train(Options());
        GMemOptions options = TinyModel.Options();
        options.InitialModel = initial;
        using GMemModel tuned = TinyModel.Train(options);
        Assert.Equal(initial.Core.Source!.Fingerprint(), tuned.Core.Source!.Fingerprint());
        options.Training.Source = new CentredSource { NoiseScale = 0.7 };
        using GMemModel other = TinyModel.Train(options);
        Assert.Equal(0.7, other.Core.Source!.NoiseScale);
    }

    [Fact]
    public void Fit_NetworkWithoutSnippets_IsRefusedByName()
    {
        GMemOptions options = Options();
        options.Network = options.Network with { Conditions = [] };
        Assert.Equal(
            "Training.Source is centred by the snippet, but the network is conditioned on nothing. Add a SnippetCondition to "
            + "Network.Conditions, or set Training.Source = null.",
            Assert.Throws<ArgumentException>(() => TinyModel.Train(options)).Message);
        options.Network = options.Network with { Conditions = [new LabelCondition()] };
        Assert.Contains("conditioned on 'label'", Assert.Throws<ArgumentException>(
            () => TinyModel.Train(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExportCheckpoint_OfASource_IsRefused()
    {
        using TemporaryFolder folder = new();
        using GMemModel model = TinyModel.Train(Options());
        Assert.Contains("Training.Source", Assert.Throws<InvalidOperationException>(
            () => model.ExportCheckpoint(Path.Combine(folder.Path, "network.safetensors"))).Message, StringComparison.Ordinal);
    }

    private static GMemOptions Options(bool flip = false)
    {
        GMemOptions options = TinyModel.Options();
        options.Training.Source = new CentredSource();
        options.Training.HorizontalFlip = flip;
        options.Training.ValidationFraction = flip ? 0.25 : 0;
        options.Training.ValidateEveryNStep = 2;
        return options;
    }
}
