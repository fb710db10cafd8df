using System.Diagnostics;
using Examples.Shared;
using GMem;
using GMem.Images;
using GMem.MLNet;
using GMem.Training;
using Microsoft.ML;

namespace FineTune;

/// <summary>The same few pictures learnt in three ways, and a row of generated images for each.</summary>
internal static class Walkthrough
{
    private const int Pictures = 48;
    private const int HeldOut = 16;
    private const int Columns = 8;
    private const int Scale = 2;

    public static void Run(string modelPath, long steps, int seed, string output, CancellationToken cancellationToken)
    {
        MLContext ml = new MLContext(seed).WithWarnings();
        using GMemTransformer model = GMemTransformer.Load(modelPath, ml);
        _ = Directory.CreateDirectory(output);
        string stars = Path.Combine(output, "stars.zip"), unseen = Path.Combine(output, "unseen-stars.zip");
        string shapes = Path.Combine(output, "unseen-shapes.zip"), adapterFile = Path.Combine(output, "stars.safetensors");
        ShapesDataSet.WriteStars(stars, seed, Pictures);
        ShapesDataSet.WriteStars(unseen, seed + 1, HeldOut);
        ShapesDataSet.Write(shapes, seed + 1, count: HeldOut);

        List<RgbImage> rows = [.. Read(unseen).Take(Columns)];
        Show("the model as it was", model, null);
        (string Name, TrainingOptions Training)[] ways =
        [
            ("all weights", new() { LearningRate = 1e-3 }),
            ("attention frozen", new() { LearningRate = 1e-3, Freeze = ["blocks.*.attn.*"] }),
            ("adapter of rank 8", new() { LearningRate = 5e-3, Adapter = new LowRankAdapterOptions { Rank = 8 } }),
        ];
        foreach ((string name, TrainingOptions training) in ways)
        {
            using GMemTransformer tuned = Train(training, out double seconds);
            Show(name, tuned, seconds);
            if (tuned.Model.Adapter is { } adapter)
            {
                adapter.Save(adapterFile);
                Console.WriteLine($"{adapterFile}: {new FileInfo(adapterFile).Length / 1000} kB, {adapter.ParameterCount:N0} numbers");
            }
        }

        // On the model as it was, at any strength; at 0 the weights are those it had.
        LowRankAdapter loaded = LowRankAdapter.Load(adapterFile);
        foreach (double strength in new[] { 0.5, 0 })
        {
            using GMemTransformer adapted = model.WithAdapter(loaded, strength);
            Show($"adapter at {strength:0.0}", adapted, null);
        }

        string file = Path.Combine(output, "fine-tuning.png");
        ImageGrid.Save(file, rows, Columns, Scale);
        Console.WriteLine($"Wrote {file}.");

        GMemTransformer Train(TrainingOptions training, out double seconds)
        {
            GMemTrainer.Options options = SmallRecipe.Options(seed, steps: steps);
            (training.TotalSteps, training.BatchSize, training.Seed) = (steps, options.Training.BatchSize, seed);
            (options.Training, options.InitialModel, options.CancellationToken) = (training, model.Model, cancellationToken);
            Stopwatch clock = Stopwatch.StartNew();
            GMemTransformer tuned = ml.ImageGeneration.Trainers.GMem(options).Fit(
                ml.Data.LoadFromEnumerable(ImageCollection.Enumerate(stars)));
            seconds = clock.Elapsed.TotalSeconds;
            return tuned;
        }

        void Show(string name, GMemTransformer tuned, double? seconds)
        {
            List<RgbImage> drawn = Draw(tuned, unseen);
            rows.AddRange(drawn.Take(Columns));
            string time = seconds is { } whole ? $", {1000 * whole / steps:0} ms a step" : "";
            Console.WriteLine(
                $"{name}: error {Error(drawn, unseen):0.0} on stars, {Error(Draw(tuned, shapes), shapes):0.0} on the old shapes{time}");
        }

        // From the snippets of pictures, which need not be in the bank.
        List<RgbImage> Draw(GMemTransformer tuned, string pictures) => ml.Generate(
            tuned, ImageCollection.Enumerate(pictures).Select(f => new PromptRow { Seed = seed, PromptImage = f.ImagePath }),
            cancellationToken);
    }

    private static IEnumerable<RgbImage> Read(string pictures) =>
        ImageCollection.Enumerate(pictures).Select(f => ImageReader.ReadFile(f.ImagePath));

    /// <summary>Mean difference to the pictures, in levels of 255.</summary>
    private static double Error(IEnumerable<RgbImage> drawn, string pictures) => drawn.Zip(Read(pictures)).Average(
        pair => pair.First.Pixels.Zip(pair.Second.Pixels, (a, b) => Math.Abs(a - b)).Average());
}
