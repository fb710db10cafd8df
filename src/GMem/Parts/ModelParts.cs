using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace GMem.Parts;

/// <summary>
/// The kinds of parts that a model can be loaded with. Files name kinds, never types: nothing but a loader that the program registered is
/// run. Thread-safe.
/// </summary>
public static class ModelParts
{
    /// <summary>The kinds that other packages of GMem have.</summary>
    private static readonly Dictionary<string, string> Packages = new(StringComparer.Ordinal)
    {
        ["GMem.MLNet.Featurizer"] = "GMem.MLNet",
    };

    private static readonly ConcurrentDictionary<string, Registration> Registrations = new(StringComparer.Ordinal);

    /// <summary>The registered kinds, in the order of their names.</summary>
    public static IReadOnlyList<PartKind> Kinds =>
        [.. Registrations.Values.Select(r => r.Kind).OrderBy(k => k.Name, StringComparer.Ordinal)];

    /// <summary>Makes a kind of part loadable. Once in a program, before models with such a part are loaded.</summary>
    /// <typeparam name="T">The type of the part.</typeparam>
    /// <param name="kind">Its name and the newest version that the loader reads.</param>
    /// <param name="loader">
    /// Builds the part from what a file holds. It is given the version in the file, which is at most that of <paramref name="kind"/>, and
    /// refuses what does not fit with an <see cref="InvalidDataException"/>.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty, the version is below 1, or a kind of that name is already
    /// registered.</exception>
    public static void Register<T>(PartKind kind, Func<SavedPart, T> loader)
        where T : ModelPart
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(kind.Name, nameof(kind));
        ArgumentOutOfRangeException.ThrowIfLessThan(kind.Version, 1, nameof(kind));
        ArgumentNullException.ThrowIfNull(loader);
        if (!Registrations.TryAdd(kind.Name, new Registration(kind, typeof(T), loader)))
        {
            throw new ArgumentException(
                $"A part of the kind '{kind.Name}' is already registered ({Registrations[kind.Name].Type}).",
                nameof(kind));
        }
    }

    /// <summary>Loads a part by the loader that was registered for its kind.</summary>
    /// <typeparam name="T">What the part is to be: an encoder, an autoencoder, a condition.</typeparam>
    /// <param name="saved">What the file holds.</param>
    /// <returns>The part; dispose it if it is disposable.</returns>
    /// <exception cref="InvalidDataException">The kind is not registered, is no <typeparamref name="T"/>, is of a newer version, or does
    /// not load; the message says which and, for an unknown kind, the call that registers it.</exception>
    public static T Load<T>(SavedPart saved)
        where T : ModelPart
    {
        ArgumentNullException.ThrowIfNull(saved);
        LoadPackageOf(saved.Kind.Name);
        if (!Registrations.TryGetValue(saved.Kind.Name, out Registration? registration))
        {
            throw new InvalidDataException(
                $"The model's {typeof(T).Name} is of the kind '{saved.Kind.Name}', which is not registered. Before loading, call "
                + $"ModelParts.Register(new PartKind(\"{saved.Kind.Name}\"), saved => ...) "
                + "or the method by which the package that has it does so. "
                + $"Registered: {string.Join(", ", Kinds.Select(k => k.Name))}.");
        }

        if (!registration.Type.IsAssignableTo(typeof(T)))
        {
            throw new InvalidDataException(
                $"The part '{saved.Kind.Name}' is a {registration.Type.Name}, but the model needs a {typeof(T).Name} there.");
        }

        if (saved.Kind.Version > registration.Kind.Version || saved.Kind.Version < 1)
        {
            throw new InvalidDataException(
                $"The model has the part {saved.Kind}, but this program reads versions 1 to {registration.Kind.Version}; "
                + "update the package that has it.");
        }

        try
        {
            return (T)registration.Loader(saved);
        }
        catch (Exception e) when (e is not (GMemRuntimeException or OutOfMemoryException))
        {
            throw new InvalidDataException($"The part {saved.Kind} cannot be loaded: {e.Message}", e);
        }
    }

    /// <summary>
    /// A package of GMem's own registers its parts when it is loaded, which the runtime does when a program first uses it: here it is
    /// loaded where a model needs it, if it is there.
    /// </summary>
    private static void LoadPackageOf(string kind)
    {
        if (Registrations.ContainsKey(kind) || !Packages.TryGetValue(kind, out string? package))
        {
            return;
        }

        try
        {
            RuntimeHelpers.RunModuleConstructor(Assembly.Load(new AssemblyName(package)).ManifestModule.ModuleHandle);
        }
        catch (Exception e) when (e is IOException or BadImageFormatException)
        {
            throw new InvalidDataException(
                $"The model needs a part of the kind '{kind}', from the package {package}, which this program does not have: dotnet add "
                    + $"package {package}", e);
        }
    }

    private sealed record Registration(PartKind Kind, Type Type, Func<SavedPart, ModelPart> Loader);
}
