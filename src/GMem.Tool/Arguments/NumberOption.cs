using System.CommandLine.Parsing;
using System.Numerics;

namespace GMem.Tool.Arguments;

/// <summary>
/// Options for numbers, read in the invariant culture, whose errors name the option, what was given and what is expected.
/// </summary>
internal static class NumberOption
{
    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/> with a default.</summary>
    public static Option<T> Of<T>(string name, string description, T byDefault, T least, T most)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = "n",
            DefaultValueFactory = _ => byDefault,
            CustomParser = result => Parse(result, name, least, most),
        };

    /// <summary>The same without a default; null where it is not given.</summary>
    public static Option<T?> Optional<T>(string name, string description, T least, T most)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = "n",
            CustomParser = result => Parse(result, name, least, most),
        };

    /// <summary>A list of whole numbers from 0.</summary>
    public static Option<long[]> Indices(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "n",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
        CustomParser = result => [.. result.Tokens.Select(token => ParseOne(result, token.Value, name, 0L, long.MaxValue))],
    };

    /// <summary>Numbers separated by commas.</summary>
    public static Option<float[]> List(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "n,n",
        DefaultValueFactory = _ => [],
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            float[] values = [.. text.Split(',').Select(
                t => float.TryParse(t, CultureInfo.InvariantCulture, out float value) ? value : float.NaN)];
            if (values.All(float.IsFinite))
            {
                return values;
            }

            result.AddError($"{name} is '{text}', but must be numbers separated by commas, such as 0.3,1.5.");
            return [];
        },
    };

    private static T Parse<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, INumber<T> => ParseOne(result, string.Join(' ', result.Tokens.Select(t => t.Value)), name, least, most);

    private static T ParseOne<T>(ArgumentResult result, string text, string name, T least, T most)
        where T : struct, INumber<T>
    {
        NumberStyles style = T.IsInteger(T.One / (T.One + T.One)) ? NumberStyles.AllowLeadingSign : NumberStyles.Float;
        if (T.TryParse(text, style, CultureInfo.InvariantCulture, out T value) && value >= least && value <= most)
        {
            return value;
        }

        string kind = style == NumberStyles.Float ? "a number" : "a whole number";
        string range = most == Largest<T>() ? $"at least {Text(least)}" : $"from {Text(least)} to {Text(most)}";
        result.AddError($"{name} is '{text}', but must be {kind} {range}.");
        return least;
    }

    private static T Largest<T>()
        where T : struct, INumber<T> => T.CreateSaturating(double.MaxValue);

    private static string Text<T>(T value)
        where T : struct, INumber<T> => value.ToString(null, CultureInfo.InvariantCulture);
}
