namespace GMem.ArchitectureTests.Inner;

/// <summary>A room that refers to the one around it, for the test of the tests.</summary>
internal static class InnerRoom
{
    public static string Root() => House.Root();
}
