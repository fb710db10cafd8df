using GMem.Autoencoders;
using GMem.Encoders;
using GMem.Images;
using GMem.Tool.Arguments;
using GMem.Tool.Output;
using GMem.Training;
using Microsoft.ML;

namespace GMem.Tool.Commands;

/// <summary><c>gmem train</c>.</summary>
internal sealed class TrainCommand : ToolCommand
{
    private readonly Argument<string> _images = new("images")
    {
        Description = "A folder of images, subfolders being labels, or a .zip of "
        + "one."
    };
    private readonly Option<string> _output = CommonOptions.Output("The model to write.", "model.zip");
    private readonly Option<int?> _gpu = CommonOptions.Gpu();
    private readonly TrainingArguments _training;

    public TrainCommand(ToolConsole console)
        : base("train", "Trains a model on images: a memory bank of them, and a network that draws from it.", console,
            ["gmem train photos", "gmem train photos.zip --image-size 64 --steps 20000 --output photos-model.zip",
                "gmem train photos --dry-run --json"])
    {
        Arguments.Add(_images);
        Options.Add(_output);
        _training = new TrainingArguments(this);
        Options.Add(_gpu);
    }

    protected override object Settings(ParseResult parsed)
    {
        GMemTrainer.Options options = _training.ToOptions(parsed);
        options.Validate();
        return new
        {
            Images = parsed.GetRequiredValue(_images),
            Output = parsed.GetRequiredValue(_output),
            Gpu = parsed.GetValue(_gpu),
            _training.Weights(parsed).Encoder,
            _training.Weights(parsed).Autoencoder,
            options.WorkspacePath,
            options.ImageSize,
            SnippetDimension = _training.SnippetDimension(parsed),
            Network = NetworkSettings.Of(options.Network),
            options.Training,
            options.Sampling,
        };
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string output = ModelAccess.PrepareOutput(parsed.GetRequiredValue(_output));
        bool json = parsed.GetValue(ToolConsole.Json);
        MLContext ml = ModelAccess.Context(parsed.GetValue(_gpu));
        GMemTrainer.Options options = _training.ToOptions(parsed);
        options.CancellationToken = cancellationToken;
        (string? encoderPath, string? autoencoderPath) = _training.Weights(parsed);
        using SnippetEncoder? encoder = options.Encoder = encoderPath is null ? null : SnippetEncoder.DinoV2(encoderPath);
        using ImageAutoencoder? autoencoder = options.Autoencoder = autoencoderPath is null ? null : ImageAutoencoder.Kl(autoencoderPath);
        IReadOnlyList<ImageFile> files = ImageFolder.Enumerate(parsed.GetRequiredValue(_images));
        return ProgressView.Show(ToolConsole, json, "reading and encoding the images", view =>
        {
            TrainingReport last = new(view);
            options.Progress = last;
            GMemTrainer trainer = ml.ImageGeneration.Trainers.GMem(options);
            using GMemTransformer model = trainer.Fit(ml.Data.LoadFromEnumerable(files));
            model.Save(output);

            // A run that is told to stop gives what it has learnt so far.
            ToolResult result = ToolResult.Of(new
            {
                Model = output,
                Images = files.Count,
                Memory = model.Memory.Count,
                Steps = model.TrainedSteps,
                last.Value?.Loss,
                trainer.Seed,
                Stopped = model.IsPartial ? true : (bool?)null,
            });
            return model.IsPartial ? result with { Code = ExitCode.Cancelled } : result;
        });
    }

    private sealed class TrainingReport(ProgressView view) : IProgress<TrainingProgress>
    {
        public TrainingProgress? Value { get; private set; }

        public void Report(TrainingProgress value)
        {
            Value = value;
            view.Report(value.Step, value.TotalSteps, string.Create(
                CultureInfo.InvariantCulture,
                $"step {value.Step}/{value.TotalSteps}  loss {value.Loss:F4}  {value.ImagesPerSecond:F0} images/s  "
                    + $"{(int)value.TimeLeft.TotalMinutes}:{value.TimeLeft.Seconds:D2} left"));
        }
    }
}
