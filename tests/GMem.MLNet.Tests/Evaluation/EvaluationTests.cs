using GMem.Evaluation;
using GMem.Images;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

namespace GMem.MLNet.Tests.Evaluation;

public class EvaluationTests
{
    private static readonly EvaluationOptions Few = new() { Neighbours = [3], KernelSubsets = 5 };

    private static ImageGenerationCatalog Catalog => Views.MLContext.ImageGeneration;

    private static IDataView Generated =>
        TinyTrainer.Model.Transform(Views.Of([.. Enumerable.Range(0, 30).Select(i => new PromptRow { Seed = i })]));

    [Fact]
    public void Evaluate_OfImagesWithThemselves_FindsNoDistance()
    {
        ImageGenerationMetrics metrics = Catalog.Evaluate(
            TinyTrainer.Images, TinyTrainer.Images, "Bytes", "Bytes", options: Few, training: TinyTrainer.Images,
            trainingImageColumnName: "Bytes");

        Assert.Equal((24, 24), (metrics.RealCount, metrics.GeneratedCount));
        Assert.InRange(metrics.FrechetDistance, -1e-3, 1e-3);
        Assert.Equal((1.0, 1.0), (metrics.Manifolds[0].Precision, metrics.Manifolds[0].Recall));
        Assert.Equal((1.0, false), (metrics.Copies!.Share, metrics.Copies.ByMemoryIndex));
        Assert.Contains("(not FID)", metrics.FeatureName, StringComparison.Ordinal);
        Assert.Contains("24 real, 24 generated", metrics.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_OfAModel_IsTheEvaluationOfItsImages()
    {
        using RandomConvolutionFeatures features = new(32);
        ImageGenerationMetrics metrics = Catalog.Evaluate(
            TinyTrainer.Images, Generated, "Bytes", features: features, options: Few, training: TinyTrainer.Images,
            trainingImageColumnName: "Bytes");

        IReadOnlyList<GeneratedImage> images = TinyTrainer.Model.Model.Generate(
            [.. Enumerable.Range(0, 30).Select(i => new GenerationRequest(i))]);
        using torch.Tensor real = ImageTensors.ToTensor([.. TinyTrainer.Rows.Select(r => ImageReader.Decode(r.Bytes, "row"))]);
        using FeatureSet realSet = FeatureSet.Compute(features, real);
        using FeatureSet generatedSet = FeatureSet.Compute(features, images.Pixels);
        ImageGenerationMetrics expected = ImageGenerationEvaluator.Evaluate(
            realSet, generatedSet, Few, CopyCheck.Compute(realSet.Features, generatedSet.Features, images.MemoryIndices));
        Assert.Equal(expected.ToString(), metrics.ToString());
        Assert.True(metrics.Copies!.ByMemoryIndex);
    }

    [Fact]
    public void Evaluate_OfImagesWithoutAnEntry_ComparesWithTheNearest()
    {
        IDataView generated = TinyTrainer.Model.Transform(
            Views.Of([.. Enumerable.Range(0, 6).Select(i => new PromptRow { Seed = i, Snippet = TinyTrainer.Prompts()[3].Snippet })]));

        ImageGenerationMetrics metrics = Catalog.Evaluate(
            TinyTrainer.Images, generated, "Bytes", options: Few, training: TinyTrainer.Images, trainingImageColumnName: "Bytes");

        Assert.False(metrics.Copies!.ByMemoryIndex);
    }

    [Fact]
    public void Evaluate_WithSavedStatistics_GivesTheSameFrechetDistance()
    {
        using TemporaryFolder folder = new();
        using (FeatureStatistics statistics = Catalog.ComputeStatistics(TinyTrainer.Images, 8, "Bytes"))
        {
            statistics.Save(folder.File("reference.npz"));
        }

        using FeatureStatistics loaded = FeatureStatistics.Load(folder.File("reference.npz"));
        double saved = Catalog.Evaluate(loaded, Generated).FrechetDistance;

        Assert.Equal(Catalog.Evaluate(TinyTrainer.Images, Generated, "Bytes", options: Few).FrechetDistance, saved, 1e-6 * saved);
    }

    [Fact]
    public void EvaluateFeatures_OfAVectorColumn_ComparesIt()
    {
        using torch.Generator generator = new(3);
        using torch.Tensor values = torch.randn([40, 3], generator: generator);
        float[] flat = [.. values.data<float>()];
        IDataView real = Views.Of([.. Enumerable.Range(0, 20).Select(i => new FeatureRow { Features = flat[(3 * i)..(3 * (i + 1))] })]);
        IDataView generated = Views.Of(
            [.. Enumerable.Range(20, 20).Select(i => new FeatureRow { Features = flat[(3 * i)..(3 * (i + 1))] })]);

        ImageGenerationMetrics metrics = Catalog.EvaluateFeatures(real, generated, options: Few);

        using torch.Tensor first = values.narrow(0, 0, 20);
        using torch.Tensor second = values.narrow(0, 20, 20);
        Assert.Equal(FrechetDistance.Compute(first, second), metrics.FrechetDistance, 1e-9);
        Assert.Equal("column 'Features' (not FID)", metrics.FeatureName);
    }

    [Fact]
    public void Evaluate_OfWrongColumns_NamesThem()
    {
        static string Fault(Action evaluate) => Assert.ThrowsAny<ArgumentException>(evaluate).Message;

        Assert.Equal(
            "The column 'ImagePath' of real images is not in the view, which has: 'Bytes', 'Features', 'Number'.",
            Fault(() => Catalog.Evaluate(TinyTrainer.Images, Generated)));
        Assert.Equal(
            "The generated image column 'Number' is Int64; expected String (the path of a file), Image, or a vector of Byte (an encoded "
                + "file).",
            Fault(() => Catalog.Evaluate(TinyTrainer.Images, TinyTrainer.Images, "Bytes", "Number")));
        Assert.Equal("There are no real images: the view has no rows.", Fault(
            () => Catalog.Evaluate(Views.Of<TrainingRow>(), Generated, "Bytes")));
        Assert.Equal(
            "The column 'Bytes' of features of the real images is VarVector<Byte>; expected a vector of Single of known size.",
            Fault(() => Catalog.EvaluateFeatures(TinyTrainer.Images, TinyTrainer.Images, "Bytes")));
    }

    private sealed class FeatureRow
    {
        [VectorType(3)]
        public float[] Features { get; set; } = [];
    }
}
