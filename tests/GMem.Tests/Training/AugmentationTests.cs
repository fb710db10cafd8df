using System.Security.Cryptography;
using GMem.Autoencoders;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Images;
using GMem.Latents;
using GMem.Runtime;
using GMem.Tests.Latents;
using GMem.Tests.Shared;
using GMem.Tests.Training.Checkpoints;
using GMem.Training;
using GMem.Transport;
using TorchSharp;

namespace GMem.Tests.Training;

public sealed class AugmentationTests
{
    private static readonly ImageAugmentation Strong = new() { Probability = 0.5, HorizontalFlip = true, VerticalFlip = true };

    [Fact]
    public void Draw_Probability_IsThatOfEachKindAndRisesWithoutChangingWhatIsDrawn()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor few = Draw(Strong, 0.2, 2000), more = Draw(Strong, 0.5, 2000);
        torch.Tensor hasFew = few.ne(torch.tensor(0f)), hasMore = more.ne(torch.tensor(0f));
        Assert.True(torch.where(hasFew, more, few).Equals(few));
        foreach (int kind in new[]
        {
            PictureTransform.Scaling, PictureTransform.Rotation, PictureTransform.Stretching, PictureTransform.Brightness,
            PictureTransform.Contrast, PictureTransform.Saturation,
        })
        {
            Assert.Equal(0.5, Share(hasMore, kind), 0.05);
            Assert.Equal(0.2, Share(hasFew, kind), 0.05);
        }

        Assert.Equal(0.25, Share(hasMore, PictureTransform.HorizontalFlip), 0.05);
        Assert.Equal(0, Draw(Strong, 0, 100).abs().sum().item<float>());
        Assert.True(Draw(Strong, 0.5, 2000).Equals(more));
        Assert.False(Draw(Strong, 0.5, 2000, step: 4).Equals(more));
    }

    [Fact]
    public void Draw_OfGreyPictures_LeavesSaturationAtZeroAndTheRestAsItIs()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rgb = Draw(Strong, 0.9, 50), grey = Draw(Strong, 0.9, 50, channels: 1);
        Assert.Equal(0, grey.select(1, PictureTransform.Saturation).abs().sum().item<float>());
        Assert.True(grey.narrow(1, 0, PictureTransform.Saturation).Equals(rgb.narrow(1, 0, PictureTransform.Saturation)));
    }

    /// <summary>The network is told of each picture what was done to it, and snippets stay those of the pictures.</summary>
    [Fact]
    public void Batch_Augmented_IsThePicturesTransformedByWhatTheConditionSays()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TrainingImages images = TinyModel.Images();
        PixelAutoencoder pixels = new();
        AugmentationCondition condition = new() { Size = PictureTransform.ParameterCount };
        SiTOptions network = new()
        {
            InputSize = 8,
            InputChannels = 3,
            PatchSize = 2,
            HiddenSize = 32,
            HeadCount = 2,
            Conditions = [condition],
        };
        TrainingSet set = new(new PixelData(new TensorRows(images.Pixels), pixels, false), torch.CPU) { Conditions = [condition] };
        TrainingOptions options = new() { BatchSize = 6, Seed = 3, Augmentation = Strong };
        long[] all = [.. Enumerable.Range(0, 24).Select(i => (long)i)];
        StepDraws Of(double probability) =>
            new BatchDraw(set, all, network, FlowTransport.LinearVelocity, options, torch.CPU).Of(3, probability);
        StepDraws plain = Of(0), augmented = Of(0.5);
        torch.Tensor told = augmented.Conditions[0];
        Assert.True(told.Equals(AugmentationDraw.Of(Strong, 0.5, [6, 3, 8, 8], 3, 3)));
        Assert.True(told.abs().sum().item<float>() > 0);
        torch.Tensor expected = pixels.Encode(PictureTransform.Apply(pixels.Decode(plain.Data), told));
        Assert.True(expected.Equals(augmented.Data));
        Assert.Equal(0, plain.Conditions[0].abs().sum().item<float>());
        Assert.True(plain.Noise.Equals(augmented.Noise) && plain.Time.Equals(augmented.Time));
    }

    [Fact]
    public void Fit_AtProbabilityZero_LearnsWithoutTheConditionHavingAGradient()
    {
        GMemOptions options = Options(new ImageAugmentation { Probability = 0 });
        using GMemModel model = TinyModel.Train(options);
        AugmentationCondition condition = Assert.Single(model.Core.Network.Conditions.OfType<AugmentationCondition>());
        Assert.Equal(PictureTransform.ParameterCount, condition.Size);

        // Adding a condition that is always zero changes nothing of what is generated.
        using torch.Tensor zeros = torch.zeros(2, condition.Size);
        torch.nn.Module<torch.Tensor, torch.Tensor> module = model.Core.Network.Embedders.Single(e => e.Condition == condition).Module;
        using torch.Tensor embedded = module.forward(zeros);
        Assert.Equal(0, embedded.abs().sum().item<float>());
    }

    /// <summary>Whatever the network learned of augmentation, generation does not see it.</summary>
    [Fact]
    public void Generate_WithOtherWeightsOfTheCondition_GivesTheSameImagesAndSurvivesSaving()
    {
        using GMemModel model = TinyModel.Train(Options(Strong));
        GenerationRequest[] requests = [new(1), new(2, PromptLabel: null), new(3, MemoryIndex: 2)];
        byte[][] before = TinyModel.Generate(model, requests);
        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(before, TinyModel.Generate(loaded, requests));
        using (torch.no_grad())
        {
            TorchSharp.Modules.Parameter weight = model.Core.Network.TrainableParameters().Single(
                p => p.Name.StartsWith("augmentation_projection", StringComparison.Ordinal)).Parameter;
            Assert.True(weight.abs().sum().item<float>() > 0);
            _ = weight.FillInPlace(7);
        }

        Assert.Equal(before, TinyModel.Generate(model, requests));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_StoppedAndRunAgain_SameBitsAndProbabilities(bool centred)
    {
        using TemporaryFolder folder = new();
        GMemOptions Of(string? workspace)
        {
            GMemOptions options = Options(new ImageAugmentation { Probability = 0.3, AdaptiveStep = 0.1, CopyShareTarget = 1 }, steps: 7);
            options.WorkspacePath = workspace is null ? null : folder.File(workspace);
            options.Training.Source = centred ? new CentredSource() : null;
            options.Training.CheckpointEvery = 3;
            options.Training.ValidationFraction = 0.25;
            options.Training.SampleEveryNStep = 0;
            options.Training.Quality = new QualityOptions { EveryNStep = 2, SampleCount = 4, SamplerSteps = 1 };
            return options;
        }

        ProgressList whole = new(), again = new();
        string expected = Hash(Of(null), whole);

        // No share is above 1, so the probability falls at every measurement, and ends at 0.
        double[] probabilities = [.. whole.Reports.Where(r => !r.IsInterim).Select(r => r.AugmentationProbability!.Value)];
        Assert.All(probabilities.Zip([0.3, 0.2, 0.2, 0.1, 0.1, 0, 0]), p => Assert.Equal(p.Second, p.First, 1e-9));
        WorkspaceCrash.After(5, folder.File("parts"), (progress, stop) =>
        {
            using TrainingImages images = TinyModel.Images();
            GMemModel.Fit(images, Of("parts"), torch.CPU, progress, stop).Dispose();
        });
        Assert.Equal(expected, Hash(Of("parts"), again));
        Assert.Equal(probabilities[3..], again.Reports.Where(r => !r.IsInterim).Select(r => r.AugmentationProbability!.Value));
    }

    [Fact]
    public void Fit_InMicroBatchesOrShards_SeesTheSamePictures()
    {
        GMemOptions plain = Options(Strong, steps: 1), cut = Options(Strong, steps: 1);
        (cut.Training.MicroBatchSize, plain.Training.Shards, cut.Training.Shards) = (4, 1, 1);
        ProgressList one = new(), other = new();
        _ = Hash(plain, one);
        _ = Hash(cut, other);
        Assert.Equal(one.Reports[0].Loss, other.Reports[0].Loss, 1e-5);
    }

    /// <summary>A model that was trained without augmentation goes on with it, and generates as before until a step is done.</summary>
    [Fact]
    public void Fit_FromAModelWithoutTheCondition_BeginsWhereThatEnded()
    {
        using GMemModel initial = TinyModel.Train();
        GMemOptions options = Options(Strong, steps: 1);
        (options.InitialModel, options.Training.LearningRate) = (initial, 1e-30);
        using GMemModel model = TinyModel.Train(options);
        _ = Assert.Single(model.Core.Network.Conditions.OfType<AugmentationCondition>());
        Assert.Equal(TinyModel.Generate(initial, new GenerationRequest(5)), TinyModel.Generate(model, new GenerationRequest(5)));
    }

    [Fact]
    public void ExportCheckpoint_OfAnAugmentedModel_LeavesTheConditionOut()
    {
        using TemporaryFolder folder = new();
        using GMemModel model = TinyModel.Train(Options(Strong));
        model.ExportCheckpoint(folder.File("network.safetensors"));
        using GMemModel imported = GMemModel.FromCheckpoint(
            folder.File("network.safetensors"), model.Memory,
            new CheckpointOptions { HeadCount = 2, Sampling = model.Sampling });
        Assert.DoesNotContain(imported.Core.Network.Conditions, c => c is AugmentationCondition);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Fit_GreyAndRgba_Trains(int channels)
    {
        GMemOptions options = Options(Strong, steps: 2);
        using TrainingImages images = TinyModel.Images(size: new ImageShape(8, 12, channels));
        using GMemModel model = GMemModel.Fit(images, options, torch.CPU);
        Assert.Equal(channels, model.Generate([new GenerationRequest(1)])[0].Image.Channels);
    }

    [Fact]
    public void Validate_LatentsProjectionOrAdaptionWithoutQuality_AreRefusedByName()
    {
        GMemOptions options = Options(Strong);
        using CountingAutoencoder autoencoder = new();
        options.Autoencoder = autoencoder;
        options.Network = options.Network with { ProjectionSize = 8 };
        string message = Assert.Throws<ArgumentException>(options.Validate).Message;
        Assert.Contains("Training.Augmentation is set, and the autoencoder", message, StringComparison.Ordinal);
        Assert.Contains(
            "it must be null for a network on latents, which are encoded once before training; leave it null, or leave Autoencoder null",
            message, StringComparison.Ordinal);
        Assert.Contains(
            "Training.Augmentation is set, and Network.ProjectionSize is 8, it must be null with a projection loss", message,
            StringComparison.Ordinal);
        TrainingOptions training = new() { Augmentation = new ImageAugmentation { AdaptiveStep = 0.1, Probability = 2, Rotation = 181 } };
        Assert.Equal(
            "TrainingOptions: the augmentation's Probability is 2, it must be from 0 to 1; the augmentation's Rotation is 181, it must be "
                + "from 0 to 180; the augmentation's AdaptiveStep is 0.1, it must be 0 unless Quality is set, which measures the share of "
                + "copies that the strength follows.",
            Assert.Throws<ArgumentException>(training.Validate).Message);
    }

    private static GMemOptions Options(ImageAugmentation augmentation, long steps = 6)
    {
        GMemOptions options = TinyModel.Options(steps);
        options.Training.Augmentation = augmentation;
        return options;
    }

    private static torch.Tensor Draw(ImageAugmentation options, double probability, int count, long step = 3, int channels = 3) =>
        AugmentationDraw.Of(options, probability, [count, channels, 8, 8], seed: 5, step);

    private static double Share(torch.Tensor has, int kind) => has.select(1, kind).to(torch.float64).mean().item<double>();

    private static string Hash(GMemOptions options, ProgressList? progress = null)
    {
        using GMemModel model = TinyModel.Train(options, progress);
        MemoryArchive archive = new();
        model.Save(archive);
        return Convert.ToHexStringLower(SHA256.HashData(archive.Entries["network.safetensors"]));
    }
}
