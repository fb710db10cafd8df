using System.Collections;
using System.Reflection;
using GMem.Backbone;
using GMem.Evaluation;
using GMem.FileFormats;
using GMem.Latents;
using GMem.Memory;
using GMem.Parts;
using GMem.Training;

namespace GMem;

/// <summary>Everything that decides the numbers of a run, as text by name: the options that matter, and hashes of the data.</summary>
internal static class RunDescription
{
    /// <summary>Options that may change between the parts of a run; a new option matters until it is listed here.</summary>
    internal static readonly IReadOnlySet<string> Free = new HashSet<string>(StringComparer.Ordinal)
    {
        "Sampling",
        nameof(GMemOptions.EncoderTrainer),
        nameof(GMemOptions.WorkspacePath),
        nameof(GMemOptions.Ranks),
        nameof(GMemOptions.EncodingProgress),
        $"Network.{nameof(SiTOptions.ActivationCheckpointing)}",
        $"Training.{nameof(TrainingOptions.TotalSteps)}",
        $"Training.{nameof(TrainingOptions.LogEveryNStep)}",
        $"Training.{nameof(TrainingOptions.CheckpointEvery)}",
        $"Training.{nameof(TrainingOptions.CheckpointsKept)}",
        $"Training.{nameof(TrainingOptions.OnCancellation)}",
        $"Training.{nameof(TrainingOptions.OnDivergence)}",
        $"Training.{nameof(TrainingOptions.MaxSkippedStepsInARow)}",
        $"Training.{nameof(TrainingOptions.SampleEveryNStep)}",
        $"Training.{nameof(TrainingOptions.SampleCount)}",
        $"Training.{nameof(TrainingOptions.AverageSnapshotEveryNStep)}",
        $"Training.{nameof(TrainingOptions.ValidateEveryNStep)}",
        $"Training.{nameof(TrainingOptions.EarlyStoppingPatience)}",
        $"Training.{nameof(TrainingOptions.Quality)}.{nameof(QualityOptions.EarlyStoppingPatience)}",
    };

    private const string None = "not there";
    private const int PieceRows = 4096;

    /// <summary>What ranks that train together must have been given alike: also what is free in a run that goes on.</summary>
    /// <param name="options">What to train and how.</param>
    /// <param name="device">Where a rank trains, which counts by its kind.</param>
    /// <param name="images">The images, which count by their sizes here; null where there are none to encode.</param>
    public static IReadOnlyDictionary<string, string> OfOptions(GMemOptions options, torch.Device device, TrainingImages? images)
    {
        SortedDictionary<string, string> description = new(StringComparer.Ordinal)
        {
            ["The version of GMem"] = GMemRuntime.OwnVersion,
            ["The kind of device"] = $"{device.type}",
            [nameof(options.WorkspacePath)] = options.WorkspacePath is null ? "null" : "set",
            [nameof(options.EncoderTrainer)] = options.EncoderTrainer.GetType().Name,
        };
        Add(description, "", options, name => name is nameof(options.WorkspacePath) or nameof(options.EncoderTrainer)
            or nameof(options.Ranks) or nameof(options.EncodingProgress));
        if (images is not null)
        {
            description["Data.Images"] = Shape(images.Rows.RowShape.Prepend(images.Rows.Count));
            description["Data.Snippets"] = images.Snippets is { } snippets ? Shape(snippets.shape) : None;
        }

        return description;
    }

    /// <param name="options">All options, the network's as they were completed from the data.</param>
    /// <param name="data">What is trained on.</param>
    public static IReadOnlyDictionary<string, string> Of(GMemOptions options, PreparedTraining data)
    {
        SortedDictionary<string, string> description = new(StringComparer.Ordinal);
        Add(description, "", options, Free.Contains);
        RowSource rows = data.Set.Source;
        description["Data.Images"] = $"{Shape(rows.RowShape.Prepend(rows.Count))} {TensorHash.Of(rows.Pieces(PieceRows))}";
        description["Autoencoder"] = Of(data.Autoencoder);
        description["Autoencoder.Statistics"] = data.Autoencoder.Statistics is { } statistics
            ? $"mean {AsText(statistics.Mean)}, standard deviation {AsText(statistics.StandardDeviation)}"
            : None;
        description["Encoder"] = data.Encoder is { } encoder ? Of(encoder) : None;
        if (data.Bank is { } bank)
        {
            description["Data.Snippets"] = TensorHash.Of(Pieces(bank));
        }

        if (data.Set.ConditionData.Labels is { } labels && data.Set.Conditions.Any(c => c is LabelCondition))
        {
            using CacheKey key = new();
            key.Add(string.Join('\n', labels));
            description["Data.Labels"] = key.Finish();
        }

        foreach ((string name, torch.Tensor values) in data.Set.ConditionData.Values)
        {
            description[$"Data.Values.{name}"] = TensorHash.Of([values.alias()]);
        }

        if (options.InitialModel is { } initial)
        {
            using CacheKey key = new();
            key.Add(initial.Core.Network.StateDictTensors());
            if (initial.Core.Source is { } source)
            {
                key.Add(source.Fingerprint());
            }

            description["InitialModel"] = key.Finish();
        }

        return description;
    }

    private static string Shape(IEnumerable<long> sizes) => $"[{string.Join(", ", sizes)}]";

    private static string Of(ModelPart part) => $"{part.Kind} {part.SaveConfiguration()} {part.Fingerprint()}";

    private static IEnumerable<torch.Tensor> Pieces(MemoryBank bank)
    {
        for (long begin = 0; begin < bank.Count; begin += PieceRows)
        {
            long[] indices = new long[Math.Min(PieceRows, bank.Count - begin)];
            for (int i = 0; i < indices.Length; i++)
            {
                indices[i] = begin + i;
            }

            yield return bank.Rows(indices);
        }
    }

    private static void Add(SortedDictionary<string, string> description, string prefix, object options, Func<string, bool> isFree)
    {
        PropertyInfo[] properties = options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance);
        foreach (PropertyInfo property in properties.Where(p => p.GetIndexParameters().Length == 0))
        {
            string name = prefix + property.Name;
            object? value = property.GetValue(options);
            if (isFree(name))
            {
                continue;
            }

            if (value is IReadOnlyList<LossTerm> terms)
            {
                // Terms are summed in their order; each has a type, a weight and settings of its own.
                description[name] = AsText(terms.Select(t => t.Name))!;
                foreach (LossTerm term in terms)
                {
                    description[$"{name}.{term.Name}"] = term.GetType().Name;
                    Add(description, $"{name}.{term.Name}.", term, isFree);
                }
            }
            else if (AsText(value) is { } text)
            {
                description[name] = text;
            }
            else
            {
                Add(description, name + ".", value!, isFree);
            }
        }
    }

    /// <summary>Null for an object of settings, whose properties are added one by one; a disposable object counts by its type.</summary>
    private static string? AsText(object? value) => value switch
    {
        null => "null",
        string text => text,
        FeatureExtractor features => features.Name,
        ModelPart part => $"{part.Kind} {part.SaveConfiguration()}",
        ValueType => Convert.ToString(value, CultureInfo.InvariantCulture),
        IEnumerable many => $"[{string.Join(", ", many.Cast<object?>().Select(AsText))}]",
        IDisposable => value.GetType().Name,
        _ => null,
    };
}
