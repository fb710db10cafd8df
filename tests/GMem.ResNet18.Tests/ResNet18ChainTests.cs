using GMem.Backbone;
using GMem.Images;
using GMem.Memory;
using GMem.MLNet;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

namespace GMem.ResNet18.Tests;

/// <summary>A model whose encoder is ML.NET's ResNet-18, in a chain that is saved whole.</summary>
public sealed class ResNet18ChainTests
{
    private const int Classes = 10;

    [Fact]
    public async Task Chain_SavedAndLoadedInAFreshProcess_AnswersEveryKindOfPrompt()
    {
        using TemporaryFolder folder = new();
        MLContext mlContext = new(seed: 1);
        IDataView data = mlContext.Data.LoadFromEnumerable(CifarFiles.Of("train", 0, 8));

        // The label's transformer is for training alone: the chain that answers prompts does without a column of labels.
        EstimatorChain<GMemTransformer> pipeline = new EstimatorChain<ITransformer>()
            .Append(mlContext.Transforms.CopyColumns("Class", "Label"), TransformerScope.TrainTest)
            .Append(mlContext.ImageGeneration.Trainers.GMem(Options(Featurizers.ResNet18(mlContext), labels: "Class")));
        TransformerChain<GMemTransformer> trained = pipeline.Fit(data);
        mlContext.Model.Save(trained.GetModelFor(TransformerScope.Scoring), null, folder.File("model.zip"));
        string picture = CifarFiles.Of("test", 0, 1)[3].ImagePath;
        GMemTransformer model = trained.LastTransformer;
        float[] snippet = Snippet(model, picture);

        string[] printed = await FreshProcess.RunAsync(
            folder.File("model.zip"), "4", "4:entry=7", "4:label=cat", $"4:image={picture}",
            "4:snippet=" + string.Join(';', snippet.Select(v => v.ToString("R", System.Globalization.CultureInfo.InvariantCulture))));

        string[][] rows = [.. printed.Skip(1).Select(line => line.Split(' '))];
        Assert.Equal(5, rows.Length);
        Assert.Equal("7", rows[1][1]);
        Assert.Equal("cat", model.Memory.Entry(long.Parse(rows[2][1], System.Globalization.CultureInfo.InvariantCulture)).Label);
        Assert.Equal("-1", rows[3][1]);
        Assert.All([rows[0][2], rows[1][2], rows[2][2]], cosine => Assert.Equal("1.0000", cosine));
        Assert.NotEqual("1.0000", rows[3][2]);

        // The picture and the snippet that this process made of it are the same prompt, and another one than those of entries.
        Assert.Equal(rows[3][2..], rows[4][2..]);
        Assert.Equal(4, rows.Select(r => r[3]).Distinct().Count());
        Assert.Equal(Pixels(model, new PromptRow { Seed = 4, PromptImage = picture }), rows[3][3]);
        using GMemTransformer alone = GMemTransformer.Load(folder.File("model.zip"));
        Assert.Equal(Pixels(alone, new PromptRow { Seed = 4, PromptImage = picture }), rows[3][3]);
    }

    /// <summary>What the featurizer is for: it knows what is on a picture, and principal components of pixels hardly do.</summary>
    [Fact]
    public void NearestEntry_OfTestPictures_HasTheirClassFarMoreOftenThanWithPrincipalComponents()
    {
        using TemporaryFolder folder = new();
        IReadOnlyList<ImageFile> training = CifarFiles.Of("train", 0, 50), test = CifarFiles.Of("test", 0, 20);
        MLContext mlContext = new(seed: 1);
        double[] shares = [.. new[] { null, Featurizers.ResNet18(mlContext) }.Select(featurizer =>
        {
            using (GMemTransformer trained = mlContext.ImageGeneration.Trainers.GMem(Options(featurizer, "Label"))
                .Fit(mlContext.Data.LoadFromEnumerable(training)))
            {
                trained.Save(folder.File("model.zip"));
            }

            using GMemTransformer model = GMemTransformer.Load(folder.File("model.zip"));
            using torch.Tensor snippets = model.Model.EncodeFiles([.. test.Select(f => f.ImagePath)]);
            IReadOnlyList<IReadOnlyList<MemoryNeighbor>> nearest = model.Memory.Nearest(snippets, 1, TestContext.Current.CancellationToken);
            double share = test.Zip(nearest).Count(t => t.First.Label == t.Second[0].Label) / (double)test.Count;
            double cosine = nearest.Average(n => n[0].Cosine);
            TestContext.Current.TestOutputHelper?.WriteLine($"nearest entry has the class: {share:P1}, mean cosine {cosine:F3}");
            return share;
        })];

        Assert.Equal(20 * Classes, test.Count);
        Assert.True(shares[1] >= 1.5 * shares[0], $"ResNet-18 {shares[1]:P1}, principal components {shares[0]:P1}");
    }

    private static GMemTrainer.Options Options(IEstimator<ITransformer>? featurizer, string labels) => new()
    {
        Featurizer = featurizer,
        LabelColumnName = labels,
        ImageSize = 32,
        Network = new SiTOptions { PatchSize = 8, HiddenSize = 32, Depth = 1, HeadCount = 2 },
        Training = new TrainingOptions { TotalSteps = 20, BatchSize = 32, LearningRate = 1e-2 },
        Sampling = new SamplingOptions { Steps = 3 },
    };

    private static float[] Snippet(GMemTransformer model, string picture)
    {
        using torch.Tensor snippet = model.Model.EncodeFiles([picture]);
        return [.. snippet.data<float>()];
    }

    private static string Pixels(GMemTransformer model, PromptRow prompt)
    {
        IDataView images = model.Transform(new MLContext().Data.LoadFromEnumerable([prompt]));
        using DataViewRowCursor cursor = images.GetRowCursor(images.Schema);
        _ = cursor.MoveNext();
        MLImage image = null!;
        cursor.GetGetter<MLImage>(images.Schema["GeneratedImage"])(ref image);
        using (image)
        {
            return Convert.ToHexString(image.Pixels);
        }
    }
}
