namespace GMem.PipelineTests;

/// <summary>What a recipe prints.</summary>
internal static class Printed
{
    public static string[] By(Action recipe)
    {
        TextWriter before = Console.Out;
        StringWriter printed = new();
        Console.SetOut(printed);
        try
        {
            recipe();
        }
        finally
        {
            Console.SetOut(before);
        }

        return printed.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
