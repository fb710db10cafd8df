using System.Runtime.CompilerServices;
using GMem.Backbone;
using GMem.Parts;

namespace GMem.Model;

/// <summary>The list of the library's own parts. A part of one's own is registered by the program that has it (<see cref="ModelParts.Register{T}"/>).</summary>
internal static class BuiltInParts
{
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Files name these kinds; they must be known whichever type is used first.")]
    internal static void Register()
    {
        ModelParts.Register(new PartKind(SnippetCondition.Name), SnippetCondition.Load);
        ModelParts.Register(new PartKind(LabelCondition.Name), LabelCondition.Load);
    }
}
