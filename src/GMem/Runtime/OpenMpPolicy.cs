using System.Runtime.InteropServices;

namespace GMem.Runtime;

/// <summary>
/// OpenMP's threads spin at barriers by default. With more runnable threads than cores each parallel region then costs a
/// scheduler slice, and training slows down a hundredfold. A passive wait avoids that; the variable must be in the
/// environment of libc (not only in .NET's copy) before libgomp is loaded. A value that the user set is left alone.
/// </summary>
internal static class OpenMpPolicy
{
    private const string Variable = "OMP_WAIT_POLICY";

    public static void Apply()
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            _ = SetEnv(Variable, "PASSIVE", 0);
        }
        else if (Environment.GetEnvironmentVariable(Variable) is null)
        {
            Environment.SetEnvironmentVariable(Variable, "PASSIVE");
        }
    }

    public static string? Current() => OperatingSystem.IsWindows()
        ? Environment.GetEnvironmentVariable(Variable)
        : Marshal.PtrToStringUTF8(GetEnv(Variable));

    [DllImport("libc", EntryPoint = "setenv", CharSet = CharSet.Ansi)]
    private static extern int SetEnv(string name, string value, int overwrite);

    [DllImport("libc", EntryPoint = "getenv", CharSet = CharSet.Ansi)]
    private static extern nint GetEnv(string name);
}
