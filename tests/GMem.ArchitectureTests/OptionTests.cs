using System.Reflection;

namespace GMem.ArchitectureTests;

/// <summary>Options are sealed classes of settable properties with defaults that hold, and a check of them all.</summary>
public sealed class OptionTests
{
    public static TheoryData<Type> Options => [.. House.All.SelectMany(a => a.GetExportedTypes()).Where(
        t => t is { IsClass: true } && (t.Name == "Options" || t.Name.EndsWith("Options", StringComparison.Ordinal)))];

    [Theory]
    [MemberData(nameof(Options))]
    public void Options_AreSealedSettableAndValidated(Type options)
    {
        Assert.True(options.IsSealed, $"{options} is not sealed");
        MethodInfo? validate = options.GetMethod("Validate", Type.EmptyTypes);
        Assert.True(validate is { ReturnType: Type type } && type == typeof(void), $"{options} has no Validate()");
        Assert.All(options.GetProperties(BindingFlags.Public | BindingFlags.Instance), property => Assert.True(
            property.CanWrite, $"{options}.{property.Name} cannot be set"));
        Assert.NotNull(options.GetConstructor(Type.EmptyTypes));
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Options_DefaultsHold(Type options)
    {
        // A network's sizes come from the data; a snippet column and the like have defaults too.
        object defaults = Activator.CreateInstance(options)!;
        _ = options.GetMethod("Validate", Type.EmptyTypes)!.Invoke(defaults, null);
    }

    [Fact]
    public void Options_AreFound() => Assert.True(Options.Count >= 8, $"only {Options.Count} options classes");

    [Fact]
    public void NativeHolders_HaveNoFinalizer() => Assert.Empty(House.All.SelectMany(a => a.GetTypes())
        .Where(t => t.GetMethod("Finalize", BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly) is not null)
        .Select(t => t.FullName));
}
