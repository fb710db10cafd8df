using GMem.FileFormats;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.FileFormats;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void Read_EveryReferenceFile_HasTheShapesOfItsHeader()
    {
        string[] files = [.. ReferenceFolder.Sets.SelectMany(s => Directory.GetFiles(s, "*.safetensors", SearchOption.AllDirectories))];
        ReferenceFolder.RequireCases("", files, "safetensors files");
        foreach (string path in files)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using SafetensorsFile file = SafetensorsFile.Open(path);
            foreach ((string name, torch.Tensor tensor) in file.ReadAll())
            {
                Assert.Equal(file.Entry(name).Shape, tensor.shape);
                Assert.Equal(file.Entry(name).DataType, tensor.dtype);
            }
        }
    }

    [Fact]
    public void Write_ThenReadBothWays_GivesEqualTensors()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = new()
        {
            ["a"] = TensorNumbers.Range(0, 6, torch.float32).reshape(2, 3),
            ["scalar"] = torch.tensor(2.5),
            ["transposed"] = TensorNumbers.Range(0, 6, torch.float64).reshape(2, 3).t(),
            ["bytes"] = torch.ones(3, dtype: torch.uint8),
            ["empty"] = torch.empty(0, 4),
            ["offset"] = TensorNumbers.Range(0, 10).narrow(0, 3, 4),
        };
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        try
        {
            SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["k"] = "v" });
            using SafetensorsFile file = SafetensorsFile.Open(path);
            using FileStream stream = File.OpenRead(path);
            Dictionary<string, torch.Tensor> streamed = SafetensorsFile.ReadAll(stream, path);
            Assert.Equal("v", file.Metadata["k"]);
            foreach ((string name, torch.Tensor expected) in tensors)
            {
                Assert.True(file.Read(name).equal(expected).all().item<bool>(), name);
                Assert.True(streamed[name].equal(expected).all().item<bool>(), name);
                Assert.Equal(expected.shape, file.Read(name).shape);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }
}
