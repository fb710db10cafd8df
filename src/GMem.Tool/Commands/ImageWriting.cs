using GMem.Sampling;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary>Generates, shows how far it is, and writes each image when it is done.</summary>
internal static class ImageWriting
{
    /// <param name="console">Where progress is shown.</param>
    /// <param name="json">Whether the result is JSON, so that progress keeps out of it.</param>
    /// <param name="model">The model, with the sampling that is wanted.</param>
    /// <param name="requests">What to generate.</param>
    /// <param name="output">Where to; null on ranks above the first.</param>
    /// <param name="batchSize">Images made at once, by each rank.</param>
    /// <param name="cancellationToken">Stops between solver steps.</param>
    public static ToolResult Run(
        ToolConsole console, bool json, GMemModel model, GenerationRequest[] requests, ImageOutput? output, int batchSize,
        CancellationToken cancellationToken)
    {
        if (output is null)
        {
            _ = Write(console, model, requests, batchSize, null, null, cancellationToken);
            return ToolResult.Of(new { });
        }

        StreamingOptions options = new() { BatchSize = batchSize };
        ProgressView.Show(console, json, "generating", view =>
        {
            SamplingReport report = new(view, requests.Length);
            options.Progress = report;
            if (console.Ranks.Size > 1)
            {
                return Write(console, model, requests, batchSize, output, report, cancellationToken);
            }

            return Write(model.GenerateAsync(requests, options, cancellationToken), output, report).GetAwaiter().GetResult();
        });
        return new ToolResult(new { Output = output.Path, output.Images }, $"Wrote {requests.Length} images to {output.Path}.");
    }

    /// <summary>The same request under seeds that count up from its own.</summary>
    public static GenerationRequest[] Repeated(GenerationRequest first, int count) => first.Seed > long.MaxValue - count
        ? throw new ArgumentException(
            $"--seed is {first.Seed}, and the seeds of {count} images count up from it: at most {long.MaxValue - count}.")
        : [.. Enumerable.Range(0, count).Select(i => first with { Seed = first.Seed + i })];

    /// <summary>With other ranks: as many images at a time as all of them make at once.</summary>
    private static int Write(
        ToolConsole console, GMemModel model, GenerationRequest[] requests, int batchSize, ImageOutput? output, SamplingReport? report,
        CancellationToken cancellationToken)
    {
        foreach (GenerationRequest[] some in requests.Chunk(batchSize * console.Ranks.Size))
        {
            IReadOnlyList<GeneratedImage> made = console.Ranks.EndAllIfStopped(
                () => model.Generate(some, console.Ranks, cancellationToken), "stopped; the images until then are written.");
            foreach (GeneratedImage image in made)
            {
                output!.Add(image);
                report!.Add();
            }
        }

        output?.Finish();
        return report?.Done ?? 0;
    }

    private static async Task<int> Write(IAsyncEnumerable<GeneratedImage> stream, ImageOutput output, SamplingReport report)
    {
        await foreach (GeneratedImage image in stream)
        {
            output.Add(image);
            report.Add();
        }

        output.Finish();
        return report.Done;
    }

    /// <summary>Shows how many images are done, and how far those are that are being made.</summary>
    private sealed class SamplingReport(ProgressView view, int total) : IProgress<SamplingProgress>
    {
        private int _done;

        public int Done => _done;

        public void Add() => view.Report(Interlocked.Increment(ref _done), total, Text(""));

        public void Report(SamplingProgress value)
        {
            if (Done < total)
            {
                view.Report(Done, total, Text(string.Create(CultureInfo.InvariantCulture, $", step {value.Completed}/{value.Total}")));
            }
        }

        private string Text(string step) => string.Create(CultureInfo.InvariantCulture, $"{Done}/{total} images{step}");
    }
}
