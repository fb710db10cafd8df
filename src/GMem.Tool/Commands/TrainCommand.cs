using GMem.Autoencoders;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;
using GMem.Tool.Arguments;
using GMem.Tool.Output;
using Microsoft.ML;

namespace GMem.Tool.Commands;

/// <summary><c>gmem train</c>.</summary>
internal sealed class TrainCommand : ToolCommand
{
    private const string Ending = ".zip";
    private const long Mebibyte = 1 << 20;

    private readonly Argument<string> _images = new("images")
    {
        Description = "A folder of images, subfolders being labels; a .zip or .tar of "
        + "them; a Parquet file; a list (TSV, CSV)."
    };
    private readonly Option<string> _output = CommonOptions.Output("The model to write.", "model.zip");
    private readonly Option<int?> _gpu = CommonOptions.Gpu();
    private readonly Option<bool> _listSkipped = CommonOptions.ListSkipped();
    private readonly Option<int> _decodingMemory = NumberOption.Of(
        "--decoding-memory", "MiB of decoded pixels at once; a larger picture is decoded alone.",
        (int)(ImageReader.MemoryBudget / Mebibyte), 1, 1 << 20);
    private readonly TrainingArguments _training;
    private readonly FineTuningArguments _tuning;

    public TrainCommand(ToolConsole console)
        : base("train", "Trains a model on images: a memory bank of them, and a network that draws from it.", console,
            ["gmem train photos", "gmem train photos.zip --image-size 64 --steps 20000 --output photos-model.zip",
                "gmem train photos --dry-run --json"])
    {
        Arguments.Add(_images);
        Options.Add(_output);
        _training = new TrainingArguments(this);
        _tuning = new FineTuningArguments(this);
        Options.Add(_gpu);
        Options.Add(_listSkipped);
        Options.Add(_decodingMemory);
    }

    protected override bool UsesRanks => true;

    private bool IsWriter => ToolConsole.Ranks.Rank == 0;

    /// <summary>A dry run does all but train: it reads every image, and measures a few steps.</summary>
    protected override object Settings(ParseResult parsed, CancellationToken cancellationToken)
    {
        (GMemTrainer.Options options, GMemTransformer? initial) = RunOptions(parsed);
        using GMemTransformer? disposed = initial;
        MLContext ml = ModelAccess.Context(ToolConsole, parsed.GetValue(_gpu));
        using SnippetEncoder? encoder = _training.SetEncoder(parsed, ml, options);
        using ImageAutoencoder? autoencoder = options.Autoencoder = Autoencoder(parsed);
        options.CancellationToken = cancellationToken;
        options.Validate();
        _ = OutputFile.Check(parsed.GetRequiredValue(_output), Ending, Inputs(parsed));
        CheckWorkspace(parsed, options);
        ImageReader.MemoryBudget = parsed.GetValue(_decodingMemory) * Mebibyte;
        _ = ml.ImageGeneration.Trainers.GMem(options).CheckMemory();
        ImageAccount account = ImageAccount.Of(parsed.GetRequiredValue(_images), parsed.GetRequiredValue(_output));
        ImageShape shape = options.ImageShape;
        bool listed = parsed.GetValue(_listSkipped);
        TrainingForecast forecast = ProgressView.Show(ToolConsole, json: true, "reading the images", view =>
        {
            int found = account.Listing.Count;
            account.ReadAll(
                shape, ImageReader.MaxAspectRatio, read => view.Report(read, found, $"read {read} images of {found}"),
                cancellationToken);
            account.Warn(ToolConsole);
            _ = _training.Rows(parsed, ml, account.Listing);
            view.Begin("measuring a few steps");
            return TrainingForecast.Of(ml, options, account);
        });
        ToolConsole.Note(account.Text(listed));
        ToolConsole.Note(account.Contents(shape));
        ToolConsole.Note(forecast.Text);
        return new
        {
            Images = account.Value(listed),
            Forecast = forecast.Value,
            Output = parsed.GetRequiredValue(_output),
            Gpu = parsed.GetValue(_gpu),
            From = _tuning.From(parsed),
            AdapterOutput = _tuning.Output(parsed),
            Encoder = _training.Weights(parsed).Encoder,
            Autoencoder = _training.Weights(parsed).Autoencoder,
            options.WorkspacePath,
            ImageWidth = shape.Width,
            ImageHeight = shape.Height,
            ImageChannels = shape.Channels,
            ImageFit = shape.Fit,
            SnippetDimension = _training.SnippetDimension(parsed),
            Network = NetworkSettings.Of(initial?.Model.Network ?? options.Network),
            options.Training,
            options.Sampling,
        };
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        (GMemTrainer.Options options, GMemTransformer? initial) = RunOptions(parsed);
        using GMemTransformer? disposed = initial;
        options.Ranks = ToolConsole.Ranks;
        options.Validate();
        CheckWorkspace(parsed, options);
        string output = parsed.GetRequiredValue(_output);
        if (IsWriter)
        {
            output = OutputFile.Prepare(output, Ending, Inputs(parsed));
            OutputFile.PrepareFolder("WorkspacePath", options.WorkspacePath);
            OutputFile.PrepareFolder("--adapter-output", Path.GetDirectoryName(Path.GetFullPath(_tuning.Output(parsed) ?? output)));
        }

        bool json = parsed.GetValue(ToolConsole.Json);
        ImageReader.MemoryBudget = parsed.GetValue(_decodingMemory) * Mebibyte;
        MLContext ml = ModelAccess.Context(ToolConsole, parsed.GetValue(_gpu));
        options.CancellationToken = cancellationToken;
        using SnippetEncoder? encoder = _training.SetEncoder(parsed, ml, options);
        using ImageAutoencoder? autoencoder = options.Autoencoder = Autoencoder(parsed);
        ImageAccount account = ImageAccount.Of(parsed.GetRequiredValue(_images), parsed.GetRequiredValue(_output));
        account.Warn(ToolConsole);
        return ProgressView.Show(ToolConsole, json, "reading the images", view =>
        {
            IDataView rows = _training.Rows(parsed, ml, account.Listing);
            TrainingReport last = new(view);
            PreparationReport preparation = new(view, account);
            (options.ReadingProgress, options.EncodingProgress, options.Progress) = (preparation, preparation, last);
            GMemTrainer trainer = ml.ImageGeneration.Trainers.GMem(options);
            if (IsWriter)
            {
                CheckRoom(parsed, trainer, options, output, account.Listing.Count);
            }

            using GMemTransformer model = trainer.Fit(rows);
            if (!IsWriter)
            {
                return ToolResult.Of(new { });
            }

            view.Begin($"saving {output}");
            string saved = ModelKeeping.Save(model, output, options.WorkspacePath, ToolConsole.Warn);

            if (_tuning.Output(parsed) is { } adapter)
            {
                model.Model.Adapter!.Save(adapter);
            }

            // A run that is told to stop gives what it has learnt so far.
            bool listed = parsed.GetValue(_listSkipped);
            object Value(object? ofFiles) => new
            {
                Model = saved,
                Adapter = _tuning.Output(parsed),
                Images = account.Listing.Count - account.Skipped.Count,
                Account = ofFiles,
                Memory = model.Memory.Count,
                Steps = model.TrainedSteps,
                last.Value?.Loss,
                last.Quality?.FrechetDistance,
                last.Quality?.CopyShare,
                trainer.Seed,
                Ranks = ToolConsole.Ranks.Size > 1 ? ToolConsole.Ranks.Size : (int?)null,
                Stopped = model.IsPartial ? true : (bool?)null,
            };

            string files = listed ? account.Text(listed) : "";
            ToolResult result = new(Value(account.Value(listed)), $"{JsonText.Lines(Value(null))}{files}");
            return saved != output ? result with { Code = ExitCode.Fault }
                : model.IsPartial ? result with { Code = ExitCode.Cancelled }
                : result;
        });
    }

    /// <summary>The options, and the model that training starts from; dispose it.</summary>
    private (GMemTrainer.Options Options, GMemTransformer? Initial) RunOptions(ParseResult parsed)
    {
        GMemTrainer.Options options = _training.ToOptions(parsed);
        _tuning.Apply(parsed, options.Training);
        GMemTransformer? initial = _tuning.From(parsed) is { } path
            ? ModelAccess.Load(ToolConsole, path, parsed.GetValue(_gpu))
            : null;
        if (initial is not null)
        {
            _training.StartFrom(parsed, options, initial.Model);
        }

        return (options, initial);
    }

    private ImageAutoencoder? Autoencoder(ParseResult parsed) =>
        _training.Weights(parsed).Autoencoder is { } path ? ImageAutoencoder.Kl(path) : null;

    private IEnumerable<string?> Inputs(ParseResult parsed) =>
        [parsed.GetRequiredValue(_images), _tuning.From(parsed), .. _training.Files(parsed)];

    /// <summary>The same command goes on with a run: what it wrote must not be among the images then.</summary>
    private void CheckWorkspace(ParseResult parsed, GMemTrainer.Options options)
    {
        string images = parsed.GetRequiredValue(_images);
        if (options.WorkspacePath is not { } workspace)
        {
            return;
        }

        if (File.Exists(workspace))
        {
            throw new ArgumentException($"WorkspacePath is '{workspace}', a file; name a folder.");
        }

        if (Directory.Exists(images) && RealPath.IsWithin(workspace, images))
        {
            throw new ArgumentException(
                $"WorkspacePath is '{workspace}', which lies among the images in '{images}'; name a folder outside of it.");
        }
    }

    /// <summary>An estimate from below: labels, sources and the encoder come on top.</summary>
    private void CheckRoom(ParseResult parsed, GMemTrainer trainer, GMemTrainer.Options options, string output, int images)
    {
        long bank = (long)images * Math.Min(images, options.Encoder?.Dimension ?? _training.SnippetDimension(parsed)) * 2;
        long bytes = trainer.CheckMemory().Network + bank;
        OutputFile.RequireRoom(Path.GetDirectoryName(output)!, bytes, "The model", "Make room, or name another --output.");
        OutputFile.RequireRoom(
            Path.GetTempPath(), bytes, "Saving the model", "Make room, or set TMPDIR to a folder with more.");
    }
}
