using System.Reflection;

namespace GMem.ArchitectureTests;

/// <summary>Arrows point downwards only as far as needed (docs/architecture.md).</summary>
public sealed class RoomTests
{
    /// <summary>For each room those it must not know.</summary>
    public static TheoryData<string, string[]> Rules => new()
    {
        { "Runtime", ["Images",
            "Encoders", "Autoencoders", "Memory", "Backbone", "Transport", "Training", "Sampling", "Weights", "Evaluation", "Model"] },
        { "Weights", ["Images",
            "Encoders", "Autoencoders", "Memory", "Backbone", "Transport", "Training", "Sampling", "Evaluation", "Model"] },
        { "Parts", ["Images",
            "Encoders", "Autoencoders", "Latents", "Memory", "Backbone", "Transport", "Training", "Sampling", "Evaluation", "Model"] },
        { "Images", ["Encoders", "Autoencoders", "Memory", "Backbone", "Transport", "Training", "Sampling", "Evaluation", "Model"] },
        { "Encoders", ["Memory", "Backbone", "Transport", "Training", "Sampling", "Evaluation", "Model"] },
        { "Autoencoders", ["Encoders", "Memory", "Backbone", "Transport", "Training", "Sampling", "Evaluation", "Model"] },
        { "Latents", ["Backbone", "Transport", "Training", "Sampling", "Evaluation", "Model", "GMem.GMemModel", "GMem.GMemOptions"] },
        { "Memory", ["Backbone", "Transport", "Training", "Sampling", "Encoders", "Autoencoders", "Evaluation", "Model"] },
        { "Backbone", ["Training", "Sampling", "Transport", "Memory", "Encoders", "Autoencoders", "Evaluation", "Model"] },
        { "Transport", ["Images",
            "Encoders", "Autoencoders", "Memory", "Backbone", "Training", "Sampling", "Weights", "Evaluation", "Model"] },
        { "Sampling", ["Images", "Encoders", "Autoencoders", "Memory", "Training", "Evaluation", "Model"] },
        { "Training", ["Sampling",
            "Evaluation", "Model", "GMem.GMemModel", "GMem.GMemOptions", "GMem.GenerationRequest", "GMem.GeneratedImages"] },
        { "Evaluation", ["Training", "Sampling", "Transport", "Backbone", "Memory", "Model"] },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Room_KnowsNoneOfTheRoomsAbove(string room, string[] forbidden) => Assert.Empty(House.Offenders(room, forbidden));

    /// <summary>The rule of the rules: each of them must be able to fail.</summary>
    [Theory]
    [InlineData("Sampling", "Transport")]
    [InlineData("Training", "Backbone")]
    [InlineData("Memory", "Weights")]
    [InlineData("Evaluation", "Images")]
    public void Room_OfADependencyThatIsThere_IsFound(string room, string known) => Assert.NotEmpty(House.Offenders(room, known));

    [Fact]
    public void Memory_KnowsNoNetwork()
    {
        Assert.Empty(House.Offenders("Memory", "TorchSharp.torch.nn", "TorchSharp.Modules"));
        Assert.NotEmpty(House.Offenders("Backbone", "TorchSharp.Modules"));
    }

    [Fact]
    public void Transport_ReferencesTensorsAndRuntimeOnly()
    {
        string[] strange =
        [
            .. House.Model.GetTypes().Where(t => t.Namespace == "GMem.Transport").SelectMany(Signatures)
                .Where(t => t.Namespace is { } n
                    && !n.StartsWith("System", StringComparison.Ordinal) && n is not ("TorchSharp" or "GMem.Transport"))
                .Select(t => t.FullName!).Distinct(),
        ];
        Assert.Empty(strange);
    }

    [Fact]
    public void Rooms_AllHaveARule()
    {
        string[] rooms = [.. Directory.EnumerateDirectories(Path.Combine(
            House.Root(), "src", "GMem")).Select(d => Path.GetFileName(d)!).Where(d => d is not ("bin" or "obj" or "Model")).Order()];
        Assert.Equal(rooms, Rules.Select(r => r.Data.Item1).Order());
    }

    private static IEnumerable<Type> Signatures(Type type) => type
        .GetMethods(
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .SelectMany(m => m.GetParameters().Select(p => p.ParameterType).Append(m.ReturnType));
}
