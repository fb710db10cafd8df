using System.CommandLine.Parsing;

namespace GMem.Tool.Arguments;

/// <summary>Options for one of a few names, in any case; an error lists them.</summary>
internal static class ChoiceOption
{
    public static Option<T> Of<T>(string name, string description, T byDefault)
        where T : struct, Enum => new(name)
        {
            Description = description,
            HelpName = HelpName<T>(),
            DefaultValueFactory = _ => byDefault,
            CustomParser = result => Parse<T>(result, name),
        };

    public static Option<T?> Optional<T>(string name, string description)
        where T : struct, Enum =>
            new(name) { Description = description, HelpName = HelpName<T>(), CustomParser = result => Parse<T>(result, name) };

    private static T Parse<T>(ArgumentResult result, string name)
        where T : struct, Enum
    {
        string text = string.Join(' ', result.Tokens.Select(t => t.Value));
        string? found = Enum.GetNames<T>().FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (found is not null)
        {
            return Enum.Parse<T>(found);
        }

        result.AddError($"{name} is '{text}', but must be one of {string.Join(", ", Enum.GetNames<T>())}.");
        return default;
    }

    private static string HelpName<T>()
        where T : struct, Enum => string.Join('|', Enum.GetNames<T>());
}
