namespace GMem.Runtime;

/// <summary>
/// Makes OpenMP's threads wait passively. By default they spin at barriers, so with more runnable threads than cores each
/// parallel region costs a scheduler slice, and training slows down a hundredfold. The variable must be in libc's environment
/// (not only in .NET's copy) before libgomp is loaded. A value set by the user is kept.
/// </summary>
internal static class OpenMpPolicy
{
    private const string Variable = "OMP_WAIT_POLICY";

    public static void Apply() => NativeEnvironment.SetDefault(Variable, "PASSIVE");

    public static string? Current() => NativeEnvironment.Get(Variable);
}
