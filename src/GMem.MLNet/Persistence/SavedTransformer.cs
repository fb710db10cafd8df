using System.IO.Compression;
using System.Runtime.InteropServices;
using TorchSharp;

namespace GMem.MLNet.Persistence;

/// <summary>An ML.NET transformer as tensors of bytes, one for each entry of the zip that ML.NET makes of it.</summary>
internal static class SavedTransformer
{
    private const string Prefix = "transformer/";

    [ThreadStatic]
    private static IHostEnvironment? Ambient;

    /// <summary>Whether a tensor is one of those.</summary>
    public static bool IsEntry(string tensor) => tensor.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>
    /// What is loaded on this thread until the result is disposed is loaded in an environment of the caller's, whose catalogue may know
    /// components that were registered with it.
    /// </summary>
    public static IDisposable LoadIn(IHostEnvironment environment)
    {
        Environment previous = new(Ambient);
        Ambient = environment;
        return previous;
    }

    public static Dictionary<string, torch.Tensor> ToTensors(ITransformer transformer)
    {
        using MemoryStream stream = new();
        using (RepositoryWriter repository = RepositoryWriter.CreateNew(stream, new MLContext()))
        {
            ModelSaveContext.SaveModel(repository, transformer, "");
            repository.Commit();
        }

        stream.Position = 0;
        using ZipArchive zip = new(stream, ZipArchiveMode.Read);
        return zip.Entries.ToDictionary(e => Prefix + e.FullName.Replace('\\', '/'), ReadBytes, StringComparer.Ordinal);
    }

    /// <exception cref="InvalidDataException">ML.NET cannot load it; the message says what may be missing.</exception>
    public static ITransformer FromTensors(IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (string name in tensors.Keys.Where(IsEntry))
            {
                torch.Tensor tensor = tensors[name];
                if (tensor.dtype != torch.uint8)
                {
                    throw new InvalidDataException($"The tensor '{name}' is {tensor.dtype}; expected bytes.");
                }

                using Stream entry = zip.CreateEntry(name[Prefix.Length..], CompressionLevel.NoCompression).Open();
                entry.Write(tensor.bytes);
            }
        }

        stream.Position = 0;
        IHostEnvironment environment = Ambient ?? new MLContext();
        try
        {
            using RepositoryReader repository = RepositoryReader.Open(stream, environment);
            ModelLoadContext.LoadModel<ITransformer, SignatureLoadModel>(environment, out ITransformer transformer, repository, "");
            return transformer;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Exception cause = e.GetBaseException();
            throw new InvalidDataException(
                $"ML.NET cannot load the model's featurizer: {cause.Message.Trim()} The package that it is from must be there: for "
                    + "Featurizers.ResNet18 and Featurizers.Onnx that is GMem.ResNet18 (dotnet add package GMem.ResNet18; for the gmem "
                    + "tool, gmem extension add GMem.ResNet18). For components of your own call "
                    + "mlContext.ComponentCatalog.RegisterAssembly(typeof(YourType).Assembly) before loading.",
                e);
        }
    }

    private static torch.Tensor ReadBytes(ZipArchiveEntry entry)
    {
        torch.Tensor tensor = torch.empty([entry.Length], dtype: torch.uint8).DetachFromDisposeScope();
        using Stream content = entry.Open();
        content.ReadExactly(tensor.bytes);
        return tensor;
    }

    private sealed class Environment(IHostEnvironment? previous) : IDisposable
    {
        public void Dispose() => Ambient = previous;
    }
}
