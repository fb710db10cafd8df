using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>
/// Finds, in compiled code, numbers that TorchSharp may free while libtorch reads them; the remarks on <c>TensorNumbers</c> say how that
/// happens.
/// </summary>
internal sealed class TransientScalars : IDisposable
{
    private readonly DefaultAssemblyResolver _resolver = new();

    /// <summary>By token: each assembly that is read resolves TorchSharp's methods to definitions of its own.</summary>
    private readonly HashSet<MetadataToken> _unsafe;

    /// <param name="folder">Where TorchSharp and the assemblies to look through lie.</param>
    public TransientScalars(string folder)
    {
        _resolver.AddSearchDirectory(folder);
        MethodDefinition[] methods = Methods(Read(Path.Combine(folder, "TorchSharp.dll")));
        HashSet<MethodDefinition> found = UnsafeMethods(methods);
        _unsafe = [.. found.Select(m => m.MetadataToken)];
        Operators = [.. methods.Where(m => m.IsSpecialName && m.Name.StartsWith("op_", StringComparison.Ordinal))
            .Where(m => MakesScalar(m) || found.Contains(m))
            .Select(DocCommentId.GetDocCommentId)];
    }

    /// <summary>The operators and conversions among them, as the compiler names them in documentation.</summary>
    public IReadOnlyList<string> Operators { get; }

    /// <summary>How many methods of TorchSharp make such a number, themselves or in what they call.</summary>
    public int UnsafeCount => _unsafe.Count;

    public void Dispose() => _resolver.Dispose();

    /// <summary>
    /// The calls in an assembly that make one, each with its assembly, type, method and place; those of some types are allowed.
    /// </summary>
    public string[] Calls(string assembly, params string[] allowed) =>
        [.. from method in Methods(Read(assembly))
            where !allowed.Contains(Outermost(method.DeclaringType).FullName)
            from instruction in method.Body.Instructions
            where Called(instruction) is { } called && (MakesScalar(called) || _unsafe.Contains(called.MetadataToken))
            select $"{Place(method, instruction)} calls {((MethodReference)instruction.Operand).FullName}"];

    private static HashSet<MethodDefinition> UnsafeMethods(MethodDefinition[] methods)
    {
        // Scalar makes them for others; whoever calls that has one.
        HashSet<MethodDefinition> found = [];
        ILookup<MethodDefinition, MethodDefinition> callers = (from method in methods
                                                               where !IsOfScalar(method.DeclaringType)
                                                               from called in method.Body.Instructions
                                                                   .Select(Called).OfType<MethodDefinition>()
                                                               select (called, method)).ToLookup(c => c.called, c => c.method);
        Queue<MethodDefinition> next = new(callers.Where(c => MakesScalar(c.Key)).SelectMany(c => c));
        while (next.TryDequeue(out MethodDefinition? method))
        {
            if (found.Add(method))
            {
                IEnumerable<MethodDefinition> makers = IsReachedUnseen(method)
                    ? method.DeclaringType.Methods.Where(m => m.IsConstructor)
                    : [];
                foreach (MethodDefinition caller in callers[method].Concat(makers))
                {
                    next.Enqueue(caller);
                }
            }
        }

        return found;
    }

    /// <summary>
    /// A module's or an optimizer's step is called through its base class or an interface, where it is not seen; making such an object is.
    /// </summary>
    private static bool IsReachedUnseen(MethodDefinition method) => method is { IsVirtual: true, Name: not nameof(ToString) };

    private static bool MakesScalar(MethodDefinition called) =>
        IsOfScalar(called.DeclaringType)
            && (called.IsConstructor || called.Name is "op_Implicit" or "ToScalar")
                || called is { Name: "ToScalar", DeclaringType.Name: nameof(torch.Tensor) };

    private static bool IsOfScalar(TypeDefinition type) => type.FullName is "TorchSharp.Scalar" or "TorchSharp.ScalarExtensionMethods";

    private static MethodDefinition? Called(Instruction instruction) =>
        instruction.Operand is MethodReference { DeclaringType: { } type } called && Library(type) == "TorchSharp"
            ? called.Resolve()
            : null;

    private static string Library(TypeReference type) =>
        type.GetElementType().Scope is ModuleDefinition own ? own.Assembly.Name.Name : type.GetElementType().Scope.Name;

    private static string Place(MethodDefinition method, Instruction instruction)
    {
        SequencePoint? point = method.DebugInformation.SequencePoints.LastOrDefault(p => p.Offset <= instruction.Offset && !p.IsHidden);
        string line = point is null ? "" : $" ({Path.GetFileName(point.Document.Url)}:{point.StartLine})";
        return $"{method.Module.Assembly.Name.Name}: {method.DeclaringType.FullName}.{method.Name}{line}";
    }

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static MethodDefinition[] Methods(ModuleDefinition module) =>
        [.. module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody)];

    private ModuleDefinition Read(string file) => ModuleDefinition.ReadModule(file, new ReaderParameters
    {
        AssemblyResolver = _resolver,
        ReadSymbols = true,
        SymbolReaderProvider = new DefaultSymbolReaderProvider(throwIfNoSymbol: false),
    });
}
