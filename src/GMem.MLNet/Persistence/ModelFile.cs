using System.IO.Compression;
using System.Reflection;
using GMem.FileFormats;
using GMem.Runtime;

namespace GMem.MLNet.Persistence;

/// <summary>Loads a <c>model.zip</c> with errors that name the file and the cause. ML.NET's own name neither: it speaks of legacy formats
/// and of targets of invocations.</summary>
internal static class ModelFile
{
    /// <summary>
    /// Its entries are copied into memory whole. Larger ones than this are the weights of networks (ONNX) in a pipeline, and those hardly
    /// compress.
    /// </summary>
    private const long LargestOfMLNet = 64 << 20;

    private const long LargestRatio = 8;

    public static GMemTransformer Load(string path, MLContext mlContext)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no model file '{path}'.", path);
        }

        // Opening a pipe would wait for who writes into it; its length is 0.
        if (RealPath.LengthOf(path) == 0)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded as a GMem model: the file is empty, or a pipe or device.");
        }

        using FileStream stream = File.OpenRead(path);
        if (IsOfGMemAlone(stream))
        {
            GMemModel model = GMemModel.Load(path, GMemRuntime.SelectDevice(mlContext.GpuDeviceId, mlContext.FallbackToCpu));
            return new GMemTransformer(model, new GenerationOptions(), firstSeed: 0);
        }

        CheckEntriesOfMLNet(stream, path);
        ITransformer loaded;
        try
        {
            loaded = mlContext.Model.Load(stream, out _);
        }
        catch (Exception e) when (Cause(e) is not (GMemRuntimeException or OutOfMemoryException))
        {
            throw Damaged(path, Explain(e), e);
        }
        catch (Exception e) when (Cause(e) is GMemRuntimeException runtime && runtime != e)
        {
            throw new GMemRuntimeException($"'{path}' cannot be loaded: {runtime.Message}", e);
        }

        return Unwrap(loaded, path);
    }

    /// <summary>
    /// Whether the file is for <see cref="GMemModel.Load(string, TorchSharp.torch.Device?)"/> alone: that model's entries are at the root
    /// of the zip, those of ML.NET in a folder; and of what is no zip it says so.
    /// </summary>
    private static bool IsOfGMemAlone(FileStream stream)
    {
        try
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);
            return zip.GetEntry("model.json") is not null;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException)
        {
            return true;
        }
        finally
        {
            stream.Position = 0;
        }
    }

    /// <summary>Checks what ML.NET reads by itself: it compares no checksums.</summary>
    private static void CheckEntriesOfMLNet(FileStream stream, string path)
    {
        try
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);
            ZipModelArchive root = new(zip, "");
            foreach (ZipArchiveEntry entry in zip.Entries.Where(e => !e.Name.EndsWith(".safetensors", StringComparison.Ordinal)))
            {
                Check(root, entry);
            }

            stream.Position = 0;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException)
        {
            throw Damaged(path, e.Message, e);
        }
    }

    private static void Check(ZipModelArchive zip, ZipArchiveEntry entry)
    {
        if (entry.Length > LargestOfMLNet && entry.Length / LargestRatio > entry.CompressedLength)
        {
            throw new InvalidDataException(
                $"its entry '{entry.FullName}' claims {entry.Length:N0} bytes in {entry.CompressedLength:N0} compressed ones, more than "
                    + "anything of ML.NET's own in a model.");
        }

        _ = zip.TryRead(entry.FullName.Replace('\\', '/'), _ => { });
    }

    private static InvalidDataException Damaged(string path, string what, Exception inner) =>
        new($"'{path}' cannot be loaded as a GMem model: {what}", inner);

    private static GMemTransformer Unwrap(ITransformer loaded, string path)
    {
        ITransformer[] parts = [.. Parts(loaded)];
        GMemTransformer[] generators = [.. parts.OfType<GMemTransformer>()];
        if (generators is [GMemTransformer only])
        {
            // The other stages of the pipeline are not needed any more.
            foreach (IDisposable other in parts.Where(p => p != only).OfType<IDisposable>())
            {
                other.Dispose();
            }

            return only;
        }

        (loaded as IDisposable)?.Dispose();
        throw new InvalidDataException(generators.Length > 1
            ? $"'{path}' is a pipeline with {generators.Length} generators. Load it with mlContext.Model.Load, and take the one you want."
            : $"'{path}' is an ML.NET model but not one of GMem: it holds "
                + $"{string.Join(", ", parts.Select(p => p.GetType().Name).DefaultIfEmpty("no transformer"))}.");
    }

    /// <summary>The stages of a pipeline, and those of pipelines in it.</summary>
    private static IEnumerable<ITransformer> Parts(ITransformer transformer) =>
        transformer is IEnumerable<ITransformer> chain ? chain.SelectMany(Parts) : [transformer];

    private static string Explain(Exception e) => Cause(e) is InvalidDataException own ? own.Message
        : "it is a zip archive but not a model that this ML.NET can read.";

    /// <summary>What went wrong beneath the layers that reflection and ML.NET put around it.</summary>
    private static Exception Cause(Exception e)
    {
        Exception cause = e;
        while (cause.InnerException is { } inner && (cause is TargetInvocationException || inner is TargetInvocationException))
        {
            cause = inner;
        }

        return cause;
    }
}
