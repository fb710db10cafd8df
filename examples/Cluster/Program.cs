// One program for one machine and for many: started by itself it is alone; started by mpirun, srun or an MPIJob it is one of several ranks.
//   mpirun -np 4 --bind-to none dotnet Cluster.dll --images photos --workspace /shared/run --output /shared/model.zip
using System.CommandLine;
using Examples.Shared;
using GMem;
using GMem.Distributed;
using GMem.Images;
using GMem.MLNet;
using Microsoft.ML;

Option<string?> images = new("--images")
{
    Description = "A folder, archive or list of images that every rank can read. Without it, coloured shapes are drawn beside the output.",
};
Option<string?> workspace = new("--workspace") { Description = "A folder for checkpoints; the same command goes on with the run." };
Option<string> output = new("--output") { Description = "The model to write.", DefaultValueFactory = _ => "model.zip" };
Option<long> steps = ConsoleProgram.Number("--steps", "Training steps.", SmallRecipe.Steps, 1, long.MaxValue);
Option<int> batchSize = ConsoleProgram.Number("--batch-size", "Images in a step, of all ranks.", 64, 1, int.MaxValue);
Option<int> count = ConsoleProgram.Number("--count", "Images to generate afterwards.", 16, 1, int.MaxValue);
RootCommand command = new("Trains one model on all ranks, and generates with all of them.")
{
    images, workspace, output, steps, batchSize, count,
};
return ConsoleProgram.Run(command, args, (parsed, cancellationToken) =>
{
    RankGroup ranks = RankGroup.Join();
    string model = Path.GetFullPath(parsed.GetRequiredValue(output));
    string folder = parsed.GetValue(images) ?? Path.Combine(Path.GetDirectoryName(model)!, "shapes.zip");
    if (ranks.Rank == 0 && parsed.GetValue(images) is null)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(model)!);
        ShapesDataSet.Write(folder, seed: 1);
    }

    // The others need the images that the first has drawn.
    ranks.Barrier();

    MLContext ml = new(seed: 1);
    GMemTrainer.Options options = SmallRecipe.Options(seed: 1, steps: parsed.GetValue(steps), batchSize: parsed.GetValue(batchSize));
    options.Ranks = ranks;
    options.WorkspacePath = parsed.GetValue(workspace);
    options.CancellationToken = cancellationToken;
    IDataView data = ml.Data.LoadFromEnumerable(ImageCollection.Enumerate(folder));

    // Only the first rank is told of progress, and only it writes.
    using GMemTransformer trained = ProgressView.Show(progress =>
    {
        progress.Follow(options);
        return ml.ImageGeneration.Trainers.GMem(options).Fit(data);
    });
    if (ranks.Rank == 0)
    {
        trained.Save(model);
        Console.WriteLine($"{ranks.Size} rank(s) trained {trained.TrainedSteps} steps: {model}");
    }

    // The others must not end while the first writes.
    ranks.Barrier();
    if (trained.IsPartial)
    {
        return;
    }

    // Every rank makes its part of the images, and the first gets all.
    GenerationRequest[] requests = [.. Enumerable.Range(0, parsed.GetValue(count)).Select(seed => new GenerationRequest(seed))];
    IReadOnlyList<GeneratedImage> generated = trained.Model.Generate(requests, ranks, cancellationToken);
    if (ranks.Rank == 0)
    {
        string grid = Path.ChangeExtension(model, ".png");
        ImageGrid.Save(grid, [.. generated.Select(g => g.Image)], scale: 2);
        Console.WriteLine($"Wrote {generated.Count} images to {grid}.");
    }
});
