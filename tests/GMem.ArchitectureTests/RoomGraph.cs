using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace GMem.ArchitectureTests;

/// <summary>Which rooms of a library refer to which, read from the compiled code: signatures, bodies, base types and attributes.</summary>
/// <param name="root">The library's root namespace; a room is a namespace directly below it.</param>
/// <param name="rootRoom">What the root namespace itself is called.</param>
internal sealed class RoomGraph(string root, string rootRoom)
{
    /// <returns>The references, each once, without those within a room; in ordinal order.</returns>
    public IReadOnlyList<(string From, string To)> References(string assembly)
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(assembly);
        SortedSet<(string From, string To)> edges = [];
        foreach (TypeDefinition type in module.GetAllTypes())
        {
            if (RoomOf(type) is not { } from)
            {
                continue;
            }

            edges.UnionWith(Named(type).Select(RoomOf).OfType<string>().Where(to => to != from).Select(to => (from, to)));
        }

        return [.. edges];
    }

    /// <returns>A circle of rooms, the first again at its end; null if there is none.</returns>
    public static IReadOnlyList<string>? Circle(IReadOnlyCollection<(string From, string To)> references)
    {
        HashSet<string> done = [];
        return references.Select(r => r.From).Distinct().Select(room => Search(room, [])).FirstOrDefault(found => found is not null);

        List<string>? Search(string room, List<string> path)
        {
            if (path.Contains(room))
            {
                return [.. path[path.IndexOf(room)..], room];
            }

            List<string>? found = done.Contains(room) ? null
                : references.Where(r => r.From == room).Select(r => Search(r.To, [.. path, room])).FirstOrDefault(c => c is not null);
            done.Add(room);
            return found;
        }
    }

    private string? RoomOf(TypeReference type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type.Namespace == root ? rootRoom
            : type.Namespace.StartsWith(root + ".", StringComparison.Ordinal)
                && type.Scope.MetadataScopeType == MetadataScopeType.ModuleDefinition
                ? type.Namespace[(root.Length + 1)..].Split('.')[0]
            : null;
    }

    private static IEnumerable<TypeReference> Named(TypeDefinition type)
    {
        IEnumerable<TypeReference?> direct =
        [
            type.BaseType,
            .. type.Interfaces.Select(i => i.InterfaceType),
            .. type.Fields.Select(f => f.FieldType),
            .. type.CustomAttributes.Select(a => a.AttributeType),
            .. type.GenericParameters.SelectMany(g => g.Constraints.Select(c => c.ConstraintType)),
            .. type.Methods.SelectMany(OfMethod),
        ];
        return direct.OfType<TypeReference>().SelectMany(Parts);
    }

    private static IEnumerable<TypeReference?> OfMethod(MethodDefinition method) =>
    [
        method.ReturnType,
        .. method.Parameters.Select(p => p.ParameterType),
        .. method.GenericParameters.SelectMany(g => g.Constraints.Select(c => c.ConstraintType)),
        .. method.HasBody ? method.Body.Variables.Select(v => v.VariableType) : [],
        .. method.HasBody ? method.Body.Instructions.SelectMany(OfOperand) : [],
    ];

    private static IEnumerable<TypeReference?> OfOperand(Instruction instruction) => instruction.Operand switch
    {
        GenericInstanceMethod generic => [generic.DeclaringType, generic.ReturnType, .. generic.GenericArguments],
        MethodReference method => [method.DeclaringType, method.ReturnType],
        FieldReference field => [field.DeclaringType, field.FieldType],
        TypeReference type => [type],
        _ => [],
    };

    /// <summary>A type with its elements and type arguments.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => [generic.ElementType, .. generic.GenericArguments.SelectMany(Parts)],
        // A pointer to a native function has no element.
        FunctionPointerType => [],
        TypeSpecification specification => Parts(specification.ElementType),
        _ => [type],
    };
}
