using GMem.PipelineTests.Recipes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Mono.Cecil;
using TorchSharp;

namespace GMem.PipelineTests;

/// <summary>
/// Microsoft.ML.TorchSharp was built on an older TorchSharp. Its trainers download weights, so what is tested is that it loads, and what
/// it needs of TorchSharp.
/// </summary>
public sealed class TorchSharpTests
{
    [Fact]
    public void Recipe_BesideTorchSharp_MakesAChainInTheSameProcess()
    {
        EstimatorChain<ITransformer> chain = TorchSharpRecipe.Classifier(new MLContext(seed: 1));

        Assert.NotNull(chain);
        Assert.Contains(AppDomain.CurrentDomain.GetAssemblies(), a => a.GetName().Name == "Microsoft.ML.TorchSharp");
        Assert.Equal(new Version(0, 107, 0, 0), typeof(torch).Assembly.GetName().Version);
        using torch.Tensor sum = torch.arange(4).sum();
        Assert.Equal(6, sum.item<long>());
    }

    [Fact]
    public void References_OfMicrosoftMLTorchSharp_ResolveButForOne()
    {
        using DefaultAssemblyResolver resolver = new();
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        using ModuleDefinition module = ModuleDefinition.ReadModule(
            typeof(TorchSharpCatalog).Assembly.Location, new ReaderParameters { AssemblyResolver = resolver });
        MemberReference[] members = [.. module.GetMemberReferences().Where(m => Scope(m.DeclaringType) == "TorchSharp")];

        string[] missing = [.. members.Where(m => m.Resolve() is null).Select(m => m.FullName)];

        Assert.Contains("interpolate", Assert.Single(missing));
        Assert.Equal(1073, members.Length);
    }

    private static string Scope(TypeReference type) => type.GetElementType().Scope.Name;
}
