using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace GMem.Runtime;

/// <summary>
/// Loads libtorch and TorchSharp's shim by absolute path before TorchSharp looks for them. TorchSharp's own search cannot be
/// told where to look, copies 500 MB when it fails, and then blames a missing package whatever the actual cause.
/// </summary>
internal static class NativeLoader
{
    private const string LibTorchVersion = "2.10.0";
    private const string MissingLibstdcxxVersion = "GLIBCXX_3.4.32";

    public static NativeLoadResult Load()
    {
        OpenMpPolicy.Apply();
        ProductReproducibility.Apply();
        try
        {
            NativeNames names = NativeNames.ForThisSystem();
            string? named = Environment.GetEnvironmentVariable(GMemRuntime.LibTorchVariable);
            IReadOnlyList<string> folders = SearchFolders();
            string libtorch = string.IsNullOrEmpty(named) ? FindBesideApplication(names, folders) : FindNamed(names, named);
            LoadLibTorch(names, libtorch);
            string? copy = LoadShim(names, folders, libtorch);
            return new NativeLoadResult(libtorch, copy, null);
        }
        catch (GMemRuntimeException error)
        {
            return new NativeLoadResult(null, null, error);
        }
    }

    /// <summary>
    /// The application's own folders, as the .NET host lists them and as the SDK lays them out, and those of the packages.
    /// </summary>
    private static IReadOnlyList<string> SearchFolders()
    {
        string root = AppContext.BaseDirectory;
        List<string> folders = [root, Path.Combine(root, "runtimes", NativeNames.RuntimeId, "native")];
        string? fromHost = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string;
        folders.AddRange((fromHost ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        folders.AddRange(PackageFolders(typeof(torch).Assembly.Location));
        return [.. folders.Select(f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f))).Distinct()];
    }

    /// <summary>
    /// F# Interactive and notebooks use assemblies where NuGet unpacked them, in <c>packages/torchsharp/version/lib/framework</c>: native
    /// libraries are then in the packages beside it.
    /// </summary>
    internal static IEnumerable<string> PackageFolders(string assembly)
    {
        string[] parts = assembly.Split('/', '\\');
        if (parts.Length < 6 || parts[^3] != "lib" || !parts[^5].Equals("torchsharp", StringComparison.OrdinalIgnoreCase))
        {
            return [];
        }

        string packages = string.Join(Path.DirectorySeparatorChar, parts[..^5]);
        string native = Path.Combine("runtimes", NativeNames.RuntimeId, "native");
        return
        [
            Path.Combine(packages, parts[^5], parts[^4], native),
            Path.Combine(packages, NativeNames.ForThisSystem().CpuPackage, LibTorchVersion, native),
        ];
    }

    internal static string FindNamed(NativeNames names, string named)
    {
        string[] candidates = [named, Path.Combine(named, "lib"), Path.Combine(named, "torch", "lib")];
        return candidates.FirstOrDefault(f => File.Exists(Path.Combine(f, names.TorchCpu))) ?? throw new GMemRuntimeException(
            $"{GMemRuntime.LibTorchVariable} names '{named}', "
                + (Directory.Exists(named) ? $"but there is no {names.TorchCpu} in it or in its lib folder. " : "which is not a folder. ")
            + $"Point it at the folder that holds {names.TorchCpu} (for a Python installation: python -c \"import torch, os; "
                + "print(os.path.join(os.path.dirname(torch.__file__), 'lib'))\"), "
            + "or unset it to use the libtorch beside the application.");
    }

    internal static string FindBesideApplication(NativeNames names, IReadOnlyList<string> folders) =>
        folders.FirstOrDefault(f => File.Exists(Path.Combine(f, names.TorchCpu))) ?? throw new GMemRuntimeException(
            $"libtorch was not found: there is no {names.TorchCpu} in {string.Join(", ", folders.Select(f => $"'{f}'"))}. "
            + $"Add it to the application with 'dotnet add package {names.CpuPackage} --version {LibTorchVersion}' (CPU) or "
                + $"TorchSharp-cuda-{(OperatingSystem.IsWindows() ? "windows" : "linux")} 0.107.0 (GPU), "
            + $"or name a folder that holds one in the environment variable {GMemRuntime.LibTorchVariable}.");

    internal static void LoadLibTorch(NativeNames names, string folder)
    {
        foreach (string pattern in names.LoadOrder)
        {
            foreach (string file in Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal))
            {
                try
                {
                    _ = NativeLibrary.Load(file);
                }
                catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
                {
                    throw new GMemRuntimeException(
                        $"libtorch was found in '{folder}', but '{Path.GetFileName(file)}' does not load: {FirstLine(e)}. "
                        + "If the error names another library, that one is missing on this system. Otherwise the file may be truncated: "
                            + "delete it and restore the packages again (dotnet restore --force).",
                        e);
                }
            }
        }
    }

    /// <returns>The path of the patched copy if one was needed; otherwise null.</returns>
    private static string? LoadShim(NativeNames names, IReadOnlyList<string> folders, string libtorch)
    {
        string shim = folders.Append(libtorch).Select(f => Path.Combine(f, names.Shim)).FirstOrDefault(File.Exists)
            ?? throw new GMemRuntimeException(
            $"libtorch was loaded from '{libtorch}', but TorchSharp's own library {names.Shim} is in none of "
                + $"{string.Join(", ", folders.Select(f => $"'{f}'"))}. "
            + "It comes with the package TorchSharp 0.107.0: publish or build the application again ('dotnet build'), and keep the "
                + "runtimes folder beside it.");
        try
        {
            _ = NativeLibrary.Load(shim);
            return null;
        }
        catch (DllNotFoundException e) when (
            OperatingSystem.IsLinux() && e.Message.Contains(MissingLibstdcxxVersion, StringComparison.Ordinal))
        {
            return LoadCompatibleCopy(shim, e);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new GMemRuntimeException(
                $"'{shim}' does not load with the libtorch in '{libtorch}': {FirstLine(e)}. TorchSharp 0.107.0 is built against libtorch "
                    + "2.10; other versions may not fit.", e);
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static string LoadCompatibleCopy(string shim, Exception original)
    {
        string copy;
        try
        {
            copy = CompatibleShim.MakeCopy(shim, MissingLibstdcxxVersion);
            _ = NativeLibrary.Load(copy);
        }
        catch (Exception e) when (
            e is DllNotFoundException or BadImageFormatException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new GMemRuntimeException(
                $"TorchSharp 0.107.0 requires {MissingLibstdcxxVersion} of libstdc++.so.6, which this system does not have. A patched "
                    + $"copy that does not need it could not be created or loaded: {FirstLine(e)}. "
                + "Install libstdc++ of GCC 13 or newer, or make the cache folder writable by you alone "
                + "(XDG_CACHE_HOME can name another folder).",
                new AggregateException(original, e));
        }

        return copy;
    }

    private static string FirstLine(Exception e)
    {
        StringBuilder kept = new();
        foreach (string line in e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // .NET repeats the loader's message for each name it tries. The lines that state a cause contain a colon.
            if (line.Contains(':', StringComparison.Ordinal))
            {
                return line.TrimEnd('.');
            }

            _ = kept.Append(line);
        }

        return kept.ToString().TrimEnd('.');
    }
}
