namespace GMem.Tests.FileFormats;

/// <summary>
/// How long property and fuzz tests run: a few hundred cases normally; <c>GMEM_FUZZ_ITERATIONS=100000</c> for a long run.
/// </summary>
internal static class Fuzz
{
    public const string Variable = "GMEM_FUZZ_ITERATIONS";

    public static long Iterations(int usual) => long.TryParse(Environment.GetEnvironmentVariable(Variable), out long asked) ? asked : usual;
}
