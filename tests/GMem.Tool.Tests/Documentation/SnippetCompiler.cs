using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace GMem.Tool.Tests.Documentation;

/// <summary>
/// Compiles a snippet as a program of its own, with the usual usings and the well-known names that it uses but does not declare.
/// </summary>
internal static class SnippetCompiler
{
    private static readonly string[] Foreign =
        ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Threading", "System.Threading.Tasks",
            "Microsoft.Extensions.Logging", "Microsoft.ML", "Microsoft.ML.Data", "TorchSharp"];

    /// <summary>All namespaces of the libraries, and the usual ones of others.</summary>
    private static readonly string Usings = string.Concat(
        new[] { typeof(GMemModel), typeof(MLNet.GMemTrainer), typeof(GMem.Extensions.ImageService) }
            .SelectMany(type => type.Assembly.GetExportedTypes()).Select(type => type.Namespace!).Concat(Foreign).Distinct().Select(
                name => $"using {name};\n"));

    private static readonly Dictionary<string, string> WellKnown = new()
    {
        ["ml"] = "MLContext",
        ["mlContext"] = "MLContext",
        ["images"] = "IDataView",
        ["model"] = "GMemTransformer",
        ["options"] = "GMemTrainer.Options",
        ["bank"] = "MemoryBank",
        ["logger"] = "ILogger",
        ["encoder"] = "SnippetEncoder",
        ["autoencoder"] = "KlAutoencoder",
        ["device"] = "torch.Device",
    };

    private static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(
            path => MetadataReference.CreateFromFile(path))];

    /// <returns>The errors, none if it compiles.</returns>
    public static IReadOnlyList<string> Errors(string code, string given)
    {
        CompilationUnitSyntax snippet = Parse(code).GetCompilationUnitRoot();
        string declarations = string.Concat(Given(given, snippet).Select(g => $"{g} = default!;\n"));
        string usings = Usings + string.Concat(snippet.Usings.Select(u => u.ToFullString()));
        CompilationUnitSyntax program = Parse(usings + declarations + snippet.WithUsings(default).ToFullString()).GetCompilationUnitRoot();
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Snippet", [program.SyntaxTree], References, new CSharpCompilationOptions(
                OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable,
                specificDiagnosticOptions: [new("MEAI001", ReportDiagnostic.Suppress)]));
        return [.. compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error).Select(
            d => $"{d.Id} {d.GetMessage()}: {d.Location.SourceTree?.GetText().Lines[d.Location.GetLineSpan().StartLinePosition.Line]}")];
    }

    /// <summary>What is declared before a snippet: what its comment gives, and well-known names that it uses.</summary>
    private static IEnumerable<string> Given(string given, CompilationUnitSyntax snippet)
    {
        string[] own = [.. given.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        HashSet<string> declared = [.. own.Select(o => o.Split(' ')[^1])];
        foreach (SyntaxNode node in snippet.DescendantNodes())
        {
            _ = node switch
            {
                VariableDeclaratorSyntax variable => declared.Add(variable.Identifier.Text),
                ForEachStatementSyntax each => declared.Add(each.Identifier.Text),
                ParameterSyntax parameter => declared.Add(parameter.Identifier.Text),
                SingleVariableDesignationSyntax designation => declared.Add(designation.Identifier.Text),
                _ => false,
            };
        }

        HashSet<string> used = [.. snippet.DescendantNodes().OfType<IdentifierNameSyntax>().Select(name => name.Identifier.Text)];
        string[] args = ["string[] args"];
        return [.. own.Except(args), .. WellKnown.Where(w => used.Contains(w.Key) && !declared.Contains(w.Key)).Select(
            w => $"{w.Value} {w.Key}")];
    }

    private static SyntaxTree Parse(string text) => CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Latest));
}
