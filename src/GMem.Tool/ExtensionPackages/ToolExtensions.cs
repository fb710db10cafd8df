using System.Reflection;
using System.Runtime.Loader;

namespace GMem.Tool.ExtensionPackages;

/// <summary>
/// Packages that the tool does without and can be given: each lies published in a folder of its own. Assemblies and native libraries which
/// the tool does not have are looked for there, those of models that are loaded too.
/// </summary>
internal static class ToolExtensions
{
    /// <summary>Folders of further extensions, separated as in PATH.</summary>
    public const string FoldersVariable = "GMEM_EXTENSIONS";

    /// <summary>The assembly whose dependencies are an extension's; the project that publishes it has no code.</summary>
    public const string Component = "gmem-extension";

    /// <summary>The package of ResNet-18 and of ONNX networks.</summary>
    public const string ResNet18 = "GMem.ResNet18";

    private static readonly Lazy<IReadOnlyList<AssemblyDependencyResolver>> Resolvers = new(() =>
        [.. Folders().Select(folder => new AssemblyDependencyResolver(Path.Combine(folder, $"{Component}.dll")))]);

    private static int InstallCount;

    /// <summary>Where <c>gmem extension add</c> puts them.</summary>
    public static string DefaultFolder =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".gmem", "extensions");

    /// <summary>The folders of all extensions.</summary>
    public static IEnumerable<string> Folders()
    {
        string[] named = Environment.GetEnvironmentVariable(FoldersVariable)?.Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        IEnumerable<string> added = Directory.Exists(DefaultFolder) ? Directory.EnumerateDirectories(DefaultFolder) : [];
        return named.Concat(added.Order(StringComparer.Ordinal)).Where(f => File.Exists(Path.Combine(f, $"{Component}.dll")))
            .Select(Path.GetFullPath);
    }

    /// <summary>From now on what the tool lacks is looked for in extensions.</summary>
    public static void Install()
    {
        if (Interlocked.Exchange(ref InstallCount, 1) == 1)
        {
            return;
        }

        AssemblyLoadContext.Default.Resolving += (context, name) =>
            First(resolver => resolver.ResolveAssemblyToPath(name)) is { } path ? context.LoadFromAssemblyPath(path) : null;
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) =>
            First(resolver => resolver.ResolveUnmanagedDllToPath(name)) is { } path
                ? System.Runtime.InteropServices.NativeLibrary.Load(path)
                : 0;
    }

    /// <summary>An assembly of an extension.</summary>
    /// <exception cref="ArgumentException">It is not there; the message says how to get it.</exception>
    public static Assembly Load(string assembly, string what)
    {
        try
        {
            return Assembly.Load(new AssemblyName(assembly));
        }
        catch (FileNotFoundException e)
        {
            throw new ArgumentException(
                $"{what} needs the extension {assembly}, which is not installed: gmem extension add {assembly} (or name the folder of a "
                    + $"published one in {FoldersVariable}).", e);
        }
    }

    private static string? First(Func<AssemblyDependencyResolver, string?> find) =>
        Resolvers.Value.Select(find).FirstOrDefault(path => path is not null);
}
