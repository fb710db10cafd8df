using GMem.Images;
using GMem.MLNet;
using GMem.PipelineTests.Recipes;
using Microsoft.ML;

namespace GMem.PipelineTests;

public sealed class PredictionEngineTests(Pictures pictures)
{
    [Fact]
    public void Recipe_OfEnginesThatShareAModel_LeavesItToTheProgram()
    {
        using WorkingFolder folder = new();
        MLContext ml = new(seed: 1);
        using GMemTransformer model = Train(ml);
        byte[] expected = Likeness.Read(ml, model.Transform(ml.ImageGeneration.CreatePrompts(1, seed: 7, label: "ring")))[0].Pixels;

        PredictionEngineRecipe.Run(ml);

        Assert.Equal(expected, ImageReader.ReadFile("ring.png").Pixels);
        Assert.Equal(expected, ImageReader.ReadFile("again.png").Pixels);
        PredictionEngineRecipe.Own(ml);
        Assert.Equal(
            Likeness.Read(ml, model.Transform(ml.ImageGeneration.CreatePrompts(1, seed: 7)))[0].Pixels,
            ImageReader.ReadFile("7.png").Pixels);
        Assert.InRange(Likeness.Of(model), 0.75, 1);
    }

    /// <summary>What the page says of ownership.</summary>
    [Fact]
    public void Dispose_OfAnEngine_DisposesTheModelUnlessToldOtherwise()
    {
        using WorkingFolder folder = new();
        MLContext ml = new(seed: 1);
        Train(ml, steps: 1).Dispose();
        GMemTransformer owned = GMemTransformer.Load("model.zip", ml), kept = GMemTransformer.Load("model.zip", ml);

        ml.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(owned).Dispose();
        ml.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(kept, new PredictionEngineOptions { OwnsTransformer = false })
            .Dispose();

        IDataView prompts = ml.ImageGeneration.CreatePrompts(1);
        Assert.Throws<ObjectDisposedException>(() => Likeness.Read(ml, owned.Transform(prompts)));
        Assert.Single(Likeness.Read(ml, kept.Transform(prompts)));
        kept.Dispose();
    }

    [Fact]
    public async Task Pool_OfManyCallers_GivesEachItsOwnImage()
    {
        using WorkingFolder folder = new();
        MLContext ml = new(seed: 1);
        using GMemTransformer model = Train(ml, steps: 20);
        string[] alone = [.. Likeness.Read(ml, model.Transform(ml.ImageGeneration.CreatePrompts(12))).Select(Text)];
        EnginePool pool = new(ml, GMemTransformer.Load("model.zip", ml), engines: 3);

        GeneratedImageRow[] rows = await Task.WhenAll(Enumerable.Range(0, 96).Select(
            i => pool.PredictAsync(new PromptRow { Seed = i % 12 }, TestContext.Current.CancellationToken)));

        Assert.All(Enumerable.Range(0, rows.Length), i => Assert.Equal(alone[i % 12], Text(rows[i].GeneratedImage.ToRgbImage())));
        Assert.Equal(12, alone.Distinct().Count());
        Assert.All(rows, row => row.GeneratedImage.Dispose());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => pool.PredictAsync(new PromptRow(), new CancellationToken(canceled: true)));
        pool.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pool.PredictAsync(new PromptRow()));
    }

    private static string Text(RgbImage image) => Convert.ToHexString(image.Pixels);

    private GMemTransformer Train(MLContext ml, int steps = 300)
    {
        GMemTransformer model = ml.ImageGeneration.Trainers.GMem(Tiny.Options(steps)).Fit(ml.ImageGeneration.LoadImages(pictures.Shapes));
        model.Save("model.zip");
        return model;
    }
}
