namespace GMem.Runtime;

/// <summary>
/// OpenMP's threads spin at barriers by default. With more runnable threads than cores each parallel region then costs a
/// scheduler slice, and training slows down a hundredfold. A passive wait avoids that; the variable must be in the
/// environment of libc (not only in .NET's copy) before libgomp is loaded. A value that the user set is left alone.
/// </summary>
internal static class OpenMpPolicy
{
    private const string Variable = "OMP_WAIT_POLICY";

    public static void Apply() => NativeEnvironment.SetDefault(Variable, "PASSIVE");

    public static string? Current() => NativeEnvironment.Get(Variable);
}
