namespace GMem.Sampling;

/// <summary>Checks of arguments that several classes share.</summary>
internal static class Options
{
    public static void CheckDefined<T>(T value, string name)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"Not one of {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }
}
