using System.Collections;
using System.Globalization;
using System.Reflection;
using GMem.Backbone;
using GMem.Latents;
using GMem.Memory;
using GMem.Model;
using GMem.Parts;
using GMem.Weights;
using TorchSharp;

namespace GMem.Training.Checkpoints;

/// <summary>Everything that decides the numbers of a run, as text by name: the options that matter, and hashes of the data.</summary>
internal static class RunDescription
{
    /// <summary>Options that may change between the parts of a run; a new option matters until it is listed here.</summary>
    internal static readonly IReadOnlySet<string> Free = new HashSet<string>(StringComparer.Ordinal)
    {
        "Sampling",
        nameof(GMemOptions.EncoderTrainer),
        nameof(GMemOptions.WorkspacePath),
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
    };

    private const string None = "not there";
    private const int PieceRows = 4096;

    /// <param name="options">All options, the network's as they were completed from the data.</param>
    /// <param name="data">What is trained on.</param>
    public static IReadOnlyDictionary<string, string> Of(GMemOptions options, PreparedTraining data)
    {
        SortedDictionary<string, string> description = new(StringComparer.Ordinal);
        Add(description, "", options);
        RowSource rows = data.Set.Source;
        description["Data.Images"] = $"[{string.Join(", ", rows.RowShape.Prepend(rows.Count))}] {TensorHash.Of(rows.Pieces(PieceRows))}";
        description["Autoencoder"] = Of(data.Autoencoder);
        description["Autoencoder.Statistics"] = data.Autoencoder.Statistics is { } statistics
            ? $"mean {AsText(statistics.Mean)}, standard deviation {AsText(statistics.StandardDeviation)}"
            : None;
        description["Encoder"] = data.Encoder is { } encoder ? Of(encoder) : None;
        if (data.Set.Snippets is { } bank)
        {
            description["Data.Snippets"] = TensorHash.Of(Pieces(bank));
        }

        if (data.Set.Labels is { } labels)
        {
            description["Data.Labels"] = TensorHash.Of([torch.tensor(labels)]);
        }

        if (options.InitialModel is { } initial)
        {
            using CacheKey key = new();
            key.Add(initial.Core.Network.StateDictTensors());
            description["InitialModel"] = key.Finish();
        }

        return description;
    }

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

    /// <exception cref="ArgumentException">Something that matters was changed; the message names each with its old and its new value.</exception>
    public static void RequireSame(IReadOnlyDictionary<string, string> stored, IReadOnlyDictionary<string, string> given, string path)
    {
        string[] changes =
        [
            .. stored.Keys.Union(given.Keys).Order(StringComparer.Ordinal)
                .Where(name => stored.GetValueOrDefault(name) != given.GetValueOrDefault(name))
                .Select(name => $"{name} was {stored.GetValueOrDefault(name, None)} and is {given.GetValueOrDefault(name, None)}"),
        ];
        if (changes.Length > 0)
        {
            throw new ArgumentException(
                $"The run cannot be continued from '{path}', because it would not be the same run: {string.Join("; ", changes)}. "
                + "Set it back to continue, or choose another WorkspacePath to start anew.");
        }
    }

    private static void Add(SortedDictionary<string, string> description, string prefix, object options)
    {
        foreach (PropertyInfo property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0))
        {
            string name = prefix + property.Name;
            object? value = property.GetValue(options);
            if (Free.Contains(name))
            {
                continue;
            }

            if (AsText(value) is { } text)
            {
                description[name] = text;
            }
            else
            {
                Add(description, name + ".", value!);
            }
        }
    }

    /// <summary>Null for an object of settings, which has properties of its own; anything else that is not a value stands for itself by its type.</summary>
    private static string? AsText(object? value) => value switch
    {
        null => "null",
        string text => text,
        ValueType => Convert.ToString(value, CultureInfo.InvariantCulture),
        IEnumerable many => $"[{string.Join(", ", many.Cast<object?>().Select(AsText))}]",
        IDisposable => value.GetType().Name,
        _ => null,
    };
}
