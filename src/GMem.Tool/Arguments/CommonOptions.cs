using GMem.Backbone;

namespace GMem.Tool.Arguments;

/// <summary>Options that more than one command has.</summary>
internal static class CommonOptions
{
    public static Option<bool> DryRun() =>
        new("--dry-run") { Description = "Prints the settings as they would be used, and does nothing." };

    public static Option<int?> Gpu() =>
        NumberOption.Optional(
            "--gpu", "Index of the GPU to use; it must be there. Without it the first GPU if there is one, else the CPU.", 0, int.MaxValue);

    public static Option<bool> ListSkipped() =>
        new("--list-skipped") { Description = "Names every file that was not read as an image, with the reason." };

    public static Argument<string> Model() =>
        new("model") { Description = "A model that 'gmem train' or mlContext.Model.Save wrote, a .zip." };

    public static Option<long> FirstSeed() =>
        NumberOption.Of("--seed", "Seed of the first image; the others count up from it.", 0L, 0, long.MaxValue);

    public static Option<string?> Label() => new("--label") { Description = "Label to draw from." };

    public static Option<float[]> Values() => NumberOption.List(
        "--values", "Values to generate for, one a component, if the model was trained with any; without them, under the null value.");

    /// <summary>What <see cref="Values"/> asks for; null for nothing.</summary>
    public static IReadOnlyDictionary<string, ReadOnlyMemory<float>>? ValuesOf(float[]? given) =>
        given is { Length: > 0 } ? ValuesCondition.Of(given) : null;

    public static Option<string> ImageOutput(string byDefault) =>
        Output("A folder for one .png each, named by its seed, or one .png for a grid of all.", byDefault);

    public static Option<string> Output(string description, string? byDefault = null) => new("--output", "-o")
    {
        Description = description,
        HelpName = "path",
        Required = byDefault is null,
        DefaultValueFactory = byDefault is null ? null : _ => byDefault,
    };
}
