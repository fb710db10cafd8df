using GMem.Images;
using GMem.Sampling;
using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem generate</c>.</summary>
internal sealed class GenerateCommand : ToolCommand
{
    private readonly Argument<string> _model = CommonOptions.Model();
    private readonly Option<string> _output = CommonOptions.Output(
        "A folder for one .png each, named by its seed, or one .png for a grid of all.", "samples");
    private readonly Option<int> _count = NumberOption.Of("--count", "Images to generate.", 16, 1, 1_000_000);
    private readonly Option<long> _seed = NumberOption.Of(
        "--seed", "Seed of the first image; the others count up from it.", 0L, 0, long.MaxValue);
    private readonly Option<long?> _memory = NumberOption.Optional(
        "--memory", "Entry of the memory bank to draw from; without it the seed picks one.", 0L, long.MaxValue);
    private readonly Option<string?> _label = new("--label") { Description = "Label to draw from." };
    private readonly Option<string?> _image = new("--image")
    {
        HelpName = "path",
        Description = "An image to draw from, which need not have been trained on."
    };
    private readonly Option<int> _batchSize = NumberOption.Of(
        "--batch-size", "Images made at once.", new StreamingOptions().BatchSize, 1, 65536);
    private readonly Option<int?> _gpu = CommonOptions.Gpu();
    private readonly GenerationArguments _sampling;

    public GenerateCommand(ToolConsole console)
        : base("generate", "Generates images.", console,
            ["gmem generate model.zip --count 64 --output samples", "gmem generate model.zip --label cat --output cats.png",
                "gmem generate model.zip --image photo.jpg --seed 7 --count 8 --output like-it.png"])
    {
        Arguments.Add(_model);
        foreach (Option option in new Option[] { _output, _count, _seed, _memory, _label, _image, _batchSize })
        {
            Options.Add(option);
        }

        _sampling = new GenerationArguments(this);
        Options.Add(_gpu);
    }

    protected override bool UsesRanks => true;

    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemTransformer model = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model), parsed.GetValue(_gpu));
        return new
        {
            Model = parsed.GetRequiredValue(_model),
            Output = parsed.GetRequiredValue(_output),
            Count = parsed.GetValue(_count),
            Seed = parsed.GetValue(_seed),
            Memory = parsed.GetValue(_memory),
            Label = parsed.GetValue(_label),
            Image = parsed.GetValue(_image),
            BatchSize = parsed.GetValue(_batchSize),
            Device = model.Model.Device.ToString(),
            Sampling = _sampling.Apply(parsed, model.Model.Sampling),
        };
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        using GMemTransformer loaded = ModelAccess.Load(ToolConsole, parsed.GetRequiredValue(_model), parsed.GetValue(_gpu));
        using GMemModel model = loaded.Model.WithSampling(_sampling.Apply(parsed, loaded.Model.Sampling));
        GenerationRequest[] requests = Requests(parsed, model);
        if (ToolConsole.Ranks.Rank > 0)
        {
            _ = Write(model, requests, parsed.GetValue(_batchSize), null, null, cancellationToken);
            return ToolResult.Of(new { });
        }

        StreamingOptions options = new() { BatchSize = parsed.GetValue(_batchSize) };
        ImageOutput output = new(
            parsed.GetRequiredValue(_output), model.ImageSize, requests.Length, [parsed.GetValue(_model), parsed.GetValue(_image)]);
        ProgressView.Show(ToolConsole, parsed.GetValue(ToolConsole.Json), "generating", view =>
        {
            SamplingReport report = new(view, requests.Length);
            options.Progress = report;
            if (ToolConsole.Ranks.Size > 1)
            {
                return Write(model, requests, parsed.GetValue(_batchSize), output, report, cancellationToken);
            }

            return Write(model.GenerateAsync(requests, options, cancellationToken), output, report).GetAwaiter().GetResult();
        });
        return new ToolResult(new { Output = output.Path, output.Images }, $"Wrote {requests.Length} images to {output.Path}.");
    }

    private GenerationRequest[] Requests(ParseResult parsed, GMemModel model)
    {
        ReadOnlyMemory<float> snippet = parsed.GetValue(_image) is { } image ? ModelAccess.Snippet(model, image) : default;
        if (parsed.GetValue(_seed) > long.MaxValue - parsed.GetValue(_count))
        {
            throw new ArgumentException(
                $"--seed is {parsed.GetValue(_seed)}, and the seeds of {parsed.GetValue(_count)} images count up from it: at most "
                    + $"{long.MaxValue - parsed.GetValue(_count)}.");
        }

        GenerationRequest first = new(parsed.GetValue(_seed), parsed.GetValue(_memory), snippet, parsed.GetValue(_label));
        return [.. Enumerable.Range(0, parsed.GetValue(_count)).Select(i => first with { Seed = first.Seed + i })];
    }

    /// <summary>With other ranks: as many images at a time as all of them make at once.</summary>
    private int Write(
        GMemModel model, GenerationRequest[] requests, int batchSize, ImageOutput? output, SamplingReport? report,
        CancellationToken cancellationToken)
    {
        foreach (GenerationRequest[] some in requests.Chunk(batchSize * ToolConsole.Ranks.Size))
        {
            foreach (GeneratedImage image in Generate(some))
            {
                output!.Add(image);
                report!.Add();
            }
        }

        output?.Finish();
        return report?.Done ?? 0;

        IReadOnlyList<GeneratedImage> Generate(GenerationRequest[] some)
        {
            try
            {
                return model.Generate(some, ToolConsole.Ranks, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                // The others wait for this rank's images.
                ToolConsole.Ranks.Abort("stopped; the images until then are written.", (int)ExitCode.Cancelled);
                throw;
            }
        }
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
