using System.Runtime.InteropServices;

namespace GMem.Runtime;

/// <summary>
/// Environment variables as native libraries see them. On Unix .NET keeps its own copy, and changes to it do not reach libc.
/// </summary>
internal static class NativeEnvironment
{
    /// <summary>Sets a variable unless the user has set it.</summary>
    public static void SetDefault(string name, string value)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            _ = SetEnv(name, value, 0);
        }
        else if (Environment.GetEnvironmentVariable(name) is null)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    public static string? Get(string name) => OperatingSystem.IsWindows()
        ? Environment.GetEnvironmentVariable(name)
        : Marshal.PtrToStringUTF8(GetEnv(name));

    [DllImport("libc", EntryPoint = "setenv", CharSet = CharSet.Ansi)]
    private static extern int SetEnv(string name, string value, int overwrite);

    [DllImport("libc", EntryPoint = "getenv", CharSet = CharSet.Ansi)]
    private static extern nint GetEnv(string name);
}
