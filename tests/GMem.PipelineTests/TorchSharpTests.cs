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
        using torch.Tensor sum = torch.ones([2, 3]).sum();
        Assert.Equal(6, sum.item<float>());
    }

    [Fact]
    public void References_OfMicrosoftMLTorchSharp_ResolveButForOne()
    {
        using DefaultAssemblyResolver resolver = new();
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        using ModuleDefinition module = ModuleDefinition.ReadModule(
            typeof(TorchSharpCatalog).Assembly.Location, new ReaderParameters { AssemblyResolver = resolver });
        MemberReference[] all = [.. module.GetMemberReferences()];
        MemberReference[] ofTorchSharp = [.. all.Where(m => m.DeclaringType.GetElementType().Scope.Name == "TorchSharp")];

        string[] missing = [.. ofTorchSharp.Where(m => m.Resolve() is null).Select(m => m.FullName)];

        Assert.Equal((1073, 313), (all.Length, ofTorchSharp.Length));
        Assert.Equal(
            "TorchSharp.torch/Tensor TorchSharp.torch/nn/functional::interpolate(TorchSharp.torch/Tensor,System.Int64[],System.Double[],"
                + "TorchSharp.torch/InterpolationMode,System.Nullable`1<System.Boolean>,System.Boolean)",
            Assert.Single(missing));
    }
}
