using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using GMem.Transport;
using TorchSharp;

namespace GMem.Tests.Training.Source;

public sealed class RidgeFitTests
{
    private const int Count = 40;
    private const int Dimension = 5;
    private const double Ridge = 0.2;

    private static readonly CentredSource Source = new() { NoiseScale = 0.25, Ridge = Ridge };
    private static readonly long[] All = [.. Enumerable.Range(0, Count).Select(i => (long)i)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_AnyImages_IsTheLeastSquaresSolutionOfThePenalisedSystem(bool mirrored)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (TrainingSet set, torch.Tensor pixels, torch.Tensor snippets, torch.Tensor ofMirrored) = Data(mirrored);
        using RidgeSource source = RidgeFit.Run(set, All, Source, torch.CPU);

        // || [S; sqrt(n lambda) I] W - [X - mean; 0] ||: no normal equations. A mirror image is fitted to its own snippet.
        torch.Tensor s = mirrored ? torch.cat([snippets, ofMirrored]) : snippets;
        torch.Tensor x = Values(mirrored ? torch.cat([pixels, pixels.flip(3)]) : pixels);
        torch.Tensor mean = x.mean([0], keepdim: true);
        double lambda = Ridge * s.Squared().sum().item<double>() / Dimension;
        torch.Tensor design = torch.cat([s, torch.eye(Dimension, dtype: torch.float64).Times(Math.Sqrt(lambda))]);
        torch.Tensor target = torch.cat([x.sub(mean), torch.zeros(Dimension, x.shape[1], dtype: torch.float64)]);
        torch.Tensor expected = torch.linalg.lstsq(design, target).Solution;
        ReferenceFolder.Close(source.SaveTensors()["weight"].flatten(1), expected.to(torch.float32), 1e-6, 1e-5, "W");
        ReferenceFolder.Close(source.SaveTensors()["mean"].flatten(1), mean.to(torch.float32), 1e-6, 0, "mean");
    }

    [Fact]
    public void Run_SomeImages_FitsThoseAlone()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (TrainingSet set, torch.Tensor pixels, _, _) = Data(mirrored: false);
        using RidgeSource source = RidgeFit.Run(set, All[..8], Source, torch.CPU);
        torch.Tensor mean = Values(pixels[..8]).mean([0], keepdim: true);
        ReferenceFolder.Close(source.SaveTensors()["mean"].flatten(1), mean.to(torch.float32), 1e-6, 0, "mean of the eight");
    }

    [Fact]
    public void Of_NullCondition_IsTheMeanImage()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (TrainingSet set, torch.Tensor pixels, _, _) = Data(mirrored: false);
        using RidgeSource source = RidgeFit.Run(set, All, Source, torch.CPU);
        GaussianSource ofNull = source.Of(set.Conditions[0].NullValues(2, torch.CPU, torch.float32));
        Assert.Equal(0.25, ofNull.Scale);
        Assert.True(ofNull.Mean[1].equal(ofNull.NullMean![0]).all().item<bool>());
        ReferenceFolder.Close(
            ofNull.NullMean!.flatten(1), Values(pixels).mean([0], keepdim: true).to(torch.float32), 1e-6, 0, "the mean image");
    }

    [Fact]
    public void Of_RowsSingly_SameBitsInAnyBatch()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (TrainingSet set, _, torch.Tensor snippets, _) = Data(mirrored: false);
        using RidgeSource source = RidgeFit.Run(set, All, Source, torch.CPU);
        torch.Tensor rows = snippets.to(torch.float32), together = source.Of(rows, singly: true).Mean;
        for (int i = 0; i < Count; i++)
        {
            Assert.True(together[i].equal(source.Of(rows.narrow(0, i, 1), singly: true).Mean[0]).all().item<bool>());
        }

        ReferenceFolder.Close(source.Of(rows).Mean, together, 1e-6, 0, "as one product");
    }

    [Fact]
    public void Draw_OfABatch_StartsAtTheSourceOfTheDroppedSnippetAndTargetsWhatIsLeft()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (TrainingSet set, _, _, _) = Data(mirrored: true);
        using RidgeSource source = RidgeFit.Run(set, All, Source, torch.CPU);
        SiTOptions network = new() { Conditions = set.Conditions };
        TrainingOptions options = new() { BatchSize = 16, Seed = 4 };
        StepDraws plain = new BatchDraw(set, All, network, FlowTransport.LinearVelocity, options, torch.CPU).Of(3);
        StepDraws centred = new BatchDraw(set, All, network, FlowTransport.LinearVelocity, options, torch.CPU, source).Of(3);

        // All else is drawn as without a source.
        Assert.True(plain.Data.equal(centred.Data).all().item<bool>());
        Assert.True(plain.Time.equal(centred.Time).all().item<bool>());
        Assert.True(plain.Conditions[0].equal(centred.Conditions[0]).all().item<bool>());
        Assert.Contains(0f, centred.Conditions[0].data<float>().ToArray());
        torch.Tensor weight = source.SaveTensors()["weight"], mean = source.SaveTensors()["mean"];
        torch.Tensor expected = torch.tensordot(centred.Conditions[0], weight, [1], [0]).Plus(mean).PlusScaled(0.25, plain.Noise);
        ReferenceFolder.Close(centred.Noise, expected, 1e-5, 0, "x0");
        TransportPlan plan = FlowTransport.LinearVelocity.Plan(centred.Time, centred.Noise, centred.Data);
        ReferenceFolder.Close(plan.Velocity!, centred.Data.sub(expected), 1e-5, 0, "x1 - x0");
    }

    [Fact]
    public void RequireMemory_MapTooLarge_SaysHowLargeAndWhatToDo()
    {
        RidgeFit.RequireMemory(768, 4096, free: 1_000_000_000);
        InsufficientMemoryException error = Assert.Throws<InsufficientMemoryException>(
            () => RidgeFit.RequireMemory(768, 3 * 256 * 256, free: 2_000_000_000));
        Assert.Equal(
            "Training.Source maps snippets of 768 entries to 196608 numbers an image, which takes about 3.6 GB, and 2.0 GB are free. Train "
            + "on latents (Autoencoder) or smaller images, shorten the snippets, or set Training.Source = null.",
            error.Message);
    }

    [Fact]
    public void Validate_SourceOutOfRange_NamesEachFault()
    {
        TrainingOptions options = new() { Source = new CentredSource { NoiseScale = 0, Ridge = double.NaN } };
        string message = Assert.Throws<ArgumentException>(options.Validate).Message;
        Assert.Contains(
            "the source's NoiseScale is 0, it must be above 0 and at most 1000; the source's Ridge is NaN", message,
            StringComparison.Ordinal);
    }

    /// <summary>Rows of the snippets as the bank gives them, float64.</summary>
    private static (TrainingSet Set, torch.Tensor Pixels, torch.Tensor Snippets, torch.Tensor OfMirrored) Data(bool mirrored)
    {
        using torch.Generator generator = new(8);
        torch.Tensor pixels = torch.randint(0, 256, [Count, 3, 4, 4], dtype: torch.uint8, generator: generator);
        MemoryBank bank = MemoryBank.FromRows(torch.randn([Count, Dimension], generator: generator).Plus(0.3));
        MemoryBank ofMirrored = MemoryBank.FromRows(torch.randn([Count, Dimension], generator: generator));
        TrainingSet set = TestTrainingSet.Of(
            pixels, bank, mirrored ? ofMirrored : null, new PixelAutoencoder(), [new SnippetCondition { Size = Dimension }]);
        return (set, pixels, bank.Rows(All).to(torch.float64), ofMirrored.Rows(All).to(torch.float64));
    }

    private static torch.Tensor Values(torch.Tensor pixels) => new PixelAutoencoder().Encode(pixels).flatten(1).to(torch.float64);
}
