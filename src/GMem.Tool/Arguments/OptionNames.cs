using System.Text.RegularExpressions;

namespace GMem.Tool.Arguments;

/// <summary>Names in the library's messages are those of its options in C#. Here they become what is typed at a command line.</summary>
internal static partial class OptionNames
{
    private static readonly Dictionary<string, string> Typed = new(StringComparer.Ordinal)
    {
        ["ImageSize"] = "--image-size",
        ["ImageHeight"] = "--image-height",
        ["ImageWidth"] = "--image-width",
        ["ImageChannels"] = "--channels",
        ["ImageFit"] = "--fit",
        ["TotalSteps"] = "--steps",
        ["BatchSize"] = "--batch-size",
        ["LearningRate"] = "--learning-rate",
        ["PatchSize"] = "--patch-size",
        ["HiddenSize"] = "--hidden-size",
        ["Depth"] = "--depth",
        ["HeadCount"] = "--heads",
        ["the snippet's Dropout"] = "--snippet-dropout",
        ["the source's NoiseScale"] = "--source-noise",
        ["the novelty's Cosine"] = "--novelty",
        ["HorizontalFlip"] = "--flip",
        ["Quality"] = "--quality-every",
        ["Augmentation"] = "--augment",
        ["ValidationFraction"] = "--validation-fraction",
        ["InitialModel"] = "--from",
        ["Freeze"] = "--freeze",
        ["Adapter"] = "--adapter-rank",
        ["the adapter's Rank"] = "--adapter-rank",
        ["the adapter's Alpha"] = "--adapter-alpha",
        ["the adapter's Layers"] = "--adapter-layers",
        ["WorkspacePath"] = "--workspace",
        ["Kind"] = "--sampler",
        ["OdeMethod"] = "--solver",
        ["GuidanceScale"] = "--guidance",
        ["MemoryIndex"] = "--memory",
        ["PromptLabel"] = "--label",
    };

    /// <summary>With its owner: by itself it is the name of a sampler too.</summary>
    private const string FlowMap = "Training.FlowMap";

    /// <summary>The names in C# that are known here.</summary>
    public static IReadOnlyCollection<string> Known => Typed.Keys;

    /// <summary>A message with the options named as they are typed, and without the names of our parameters, which .NET appends.</summary>
    public static string InMessage(string message)
    {
        string named = Owner().Replace(message, "").Replace(FlowMap, "--flow-map", StringComparison.Ordinal);
        return Name().Replace(named, m => Typed.GetValueOrDefault(m.Groups["name"].Value, m.Value));
    }

    [GeneratedRegex(
        @" \(Parameter '\w+'\)|\b(GMemTrainer\.Options|GMemOptions|TrainingOptions|SamplingOptions|EvaluationOptions): | \(batchSize\)")]
    private static partial Regex Owner();

    // Neither a part of a longer name nor a member of something else.
    [GeneratedRegex(
        @"(?<![\w./'-])((Training|Network|Sampling)\.)?"
            + @"(?<name>the (?:snippet's Dropout|source's NoiseScale|novelty's Cosine|adapter's (?:Rank|Alpha|Layers))|[A-Z]\w+)"
            + @"(?![\w.]\w)")]
    private static partial Regex Name();
}
