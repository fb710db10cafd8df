using GMem.Evaluation;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation.Inception;

[Collection(FormulaWeights.Collection)]
public sealed class InceptionFeaturesTests(FormulaWeights weights)
{
    [Fact]
    public void Load_Safetensors_GivesTheNetworkOfItsTensors()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        string path = TestFeatures.TemporaryPath(".safetensors");
        torch.Tensor images = Images(2);
        try
        {
            SafetensorsWriter.Write(path, weights.Get(0));
            using InceptionFeatures loaded = InceptionFeatures.Load(path);
            using InceptionFeatures given = InceptionFeatures.FromTensors(weights.Get(0));
            ReferenceFolder.Close(loaded.Extract(images), given.Extract(images), 0, 0, "features");
            Assert.Contains("pytorch-fid", loaded.Name, StringComparison.Ordinal);
            Assert.Equal(2048, loaded.Dimension);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Extract_AnyBatch_GivesEachImageItsOwnFeatures()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using InceptionFeatures features = InceptionFeatures.FromTensors(weights.Get(0), InceptionInputPath.TensorFlow);
        torch.Tensor images = Images(3);
        using FeatureSet together = features.ExtractAll(images);
        using FeatureSet alone = features.ExtractAll(images.narrow(0, 2, 1));
        ReferenceFolder.Close(alone.Features, together.Features.narrow(0, 2, 1), 1e-6, 1e-5, "features");
        ReferenceFolder.Close(alone.SpatialFeatures!, together.SpatialFeatures!.narrow(0, 2, 1), 1e-6, 1e-5, "spatial features");
        Assert.Equal([1, 1008], alone.Logits!.shape);
        Assert.Equal([1, 2023], alone.SpatialFeatures!.shape);
    }

    [Fact]
    public void FromTensors_OtherNetwork_SaysWhatIsMissingUnknownOrOfAnotherShape()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = new(weights.Get(0));
        tensors["fc.weight"] = torch.zeros(1000, 2048);
        Assert.Contains("InceptionV3 with 1,000 classes", Assert.Throws<InvalidDataException>(
            () => InceptionFeatures.FromTensors(tensors)).Message, StringComparison.Ordinal);
        tensors.Remove("fc.weight");
        tensors["AuxLogits.fc.bias"] = torch.zeros(1);
        string message = Assert.Throws<InvalidDataException>(() => InceptionFeatures.FromTensors(tensors)).Message;
        Assert.Contains("'fc.weight' is missing", message, StringComparison.Ordinal);
        Assert.Contains("'AuxLogits.fc.bias' is unexpected", message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => InceptionFeatures.Load(TestFeatures.TemporaryPath(".pth")));
    }

    [Theory]
    [InlineData(".pth")]
    [InlineData(".safetensors")]
    public void Load_DamagedFile_NamesIt(string extension)
    {
        string path = TestFeatures.TemporaryPath(extension);
        try
        {
            File.WriteAllBytes(path, new byte[100]);
            Assert.Contains(
                path, Assert.Throws<InvalidDataException>(() => InceptionFeatures.Load(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void ExtractAll_LeavesNoTensors()
    {
        using InceptionFeatures features = InceptionFeatures.FromTensors(weights.Get(0));
        using torch.Tensor images = Images(1);
        features.ExtractAll(images).Dispose();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        features.ExtractAll(images).Dispose();
        features.Extract(images).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Dispose_Network_FreesItsTensors()
    {
        weights.Get(0);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        InceptionFeatures.FromTensors(weights.Get(0)).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void TensorFlow_Ramp_HasNoHalfPixelShift()
    {
        using DisposeScope scope = torch.NewDisposeScope();

        // Two pixels, 0 and 128: the left half is a ramp that starts at 0, the right half is the edge repeated.
        torch.Tensor image = torch.tensor(new byte[] { 0, 128 }).reshape(1, 1, 1, 2).repeat(1, 3, 1, 1);
        torch.Tensor row = InceptionInput.TensorFlow(image, torch.CPU)[0, 0, 7];
        Assert.Equal(-1, row[0].item<float>());
        Assert.Equal((100 * 2 / 299f) - 1, row[100].item<float>(), 1e-5f);
        Assert.Equal(0, row[298].item<float>());
    }

    private static torch.Tensor Images(int count)
    {
        using torch.Generator generator = new(9, torch.CPU);
        return torch.randint(0, 256, [count, 3, 40, 40], dtype: torch.uint8, generator: generator);
    }
}
