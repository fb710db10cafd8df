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
        using FileStream stream = Open(path);
        if (IsOfGMemAlone(stream))
        {
            GMemModel model = GMemModel.Load(path, GMemRuntime.SelectDevice(mlContext.GpuDeviceId, mlContext.FallbackToCpu));
            return new GMemTransformer(model, new GenerationOptions(), firstSeed: 0);
        }

        if (StageOfAPipeline(stream) is { } folder)
        {
            return LoadStage(stream, folder, path, mlContext);
        }

        (ITransformer loaded, _) = LoadPipeline(stream, path, mlContext);
        return Parts(loaded).OfType<GMemTransformer>().Single();
    }

    public static void SaveInto(GMemTransformer transformer, string pipelinePath, string path, MLContext mlContext)
    {
        ITransformer? loaded = null;
        DataViewSchema? schema = null;

        // Closed before anything is written: it may be the same file.
        using (FileStream stream = Open(pipelinePath))
        {
            if (!IsOfGMemAlone(stream))
            {
                (loaded, schema) = LoadPipeline(stream, pipelinePath, mlContext);
            }
        }

        try
        {
            ITransformer whole = loaded is null ? transformer : Replace(loaded, transformer);
            AtomicFile.Write(path, target => mlContext.Model.Save(whole, schema, target));
        }
        finally
        {
            (loaded as IDisposable)?.Dispose();
        }
    }

    /// <summary>The same pipeline with another generator; every stage keeps its scope.</summary>
    private static ITransformer Replace(ITransformer part, GMemTransformer generator)
    {
        if (part is not TransformerChain<ITransformer> chain)
        {
            return part is GMemTransformer ? generator : part;
        }

        TransformerScope[] scopes = [TransformerScope.Training, TransformerScope.Testing, TransformerScope.Scoring];
        (TransformerScope Scope, ITransformer[] Parts)[] models = [.. scopes.Select(s => (s, (ITransformer[])[.. chain.GetModelFor(s)]))];
        TransformerChain<ITransformer> copy = new();
        foreach (ITransformer stage in chain)
        {
            TransformerScope scope = models.Where(m => m.Parts.Contains(stage)).Aggregate(
                TransformerScope.None, (all, m) => all | m.Scope);
            copy = copy.Append(Replace(stage, generator), scope);
        }

        return copy;
    }

    /// <summary>
    /// The folder of the generator where the file is a pipeline with one. Its other stages need not be loaded, nor their packages be there.
    /// </summary>
    private static string? StageOfAPipeline(FileStream stream)
    {
        using ZipArchive zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);
        string[] generators = [.. zip.Entries.Select(e => e.FullName.Replace('\\', '/'))
            .Where(name => name.EndsWith($"/{TransformerFormat.SettingsEntry}", StringComparison.Ordinal))];
        stream.Position = 0;
        return generators is [string only] && only.Count(c => c == '/') > 1 ? only[..^(TransformerFormat.SettingsEntry.Length + 1)] : null;
    }

    private static GMemTransformer LoadStage(FileStream stream, string folder, string path, MLContext mlContext)
    {
        try
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);
            return TransformerFormat.Load(mlContext, new ZipModelArchive(zip, folder));
        }
        catch (Exception e) when (e is not (GMemRuntimeException or OutOfMemoryException))
        {
            throw Damaged(path, e is InvalidDataException ? e.Message : "it is damaged.", e);
        }
    }

    private static FileStream Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no model file '{path}'.", path);
        }

        // Opening a pipe would wait for who writes into it; its length is 0.
        return RealPath.LengthOf(path) == 0
            ? throw new InvalidDataException($"'{path}' cannot be loaded as a GMem model: the file is empty, or a pipe or device.")
            : File.OpenRead(path);
    }

    /// <summary>A pipeline with one generator, and the columns that it was saved with.</summary>
    private static (ITransformer Loaded, DataViewSchema? Schema) LoadPipeline(
        FileStream stream, string path, MLContext mlContext)
    {
        CheckEntriesOfMLNet(stream, path);
        ITransformer loaded;
        DataViewSchema? schema;
        try
        {
            loaded = mlContext.Model.Load(stream, out schema);
        }
        catch (Exception e) when (Cause(e) is not (GMemRuntimeException or OutOfMemoryException))
        {
            throw Damaged(path, Explain(e), e);
        }
        catch (Exception e) when (Cause(e) is GMemRuntimeException runtime && runtime != e)
        {
            throw new GMemRuntimeException($"'{path}' cannot be loaded: {runtime.Message}", e);
        }

        ITransformer[] parts = [.. Parts(loaded)];
        int generators = parts.Count(p => p is GMemTransformer);
        if (generators == 1)
        {
            return (loaded, schema);
        }

        (loaded as IDisposable)?.Dispose();
        throw new InvalidDataException(generators > 1
            ? $"'{path}' is a pipeline with {generators} generators. Load it with mlContext.Model.Load, and take the one you want."
            : $"'{path}' is an ML.NET model but not one of GMem: it holds "
                + $"{string.Join(", ", parts.Select(p => p.GetType().Name).DefaultIfEmpty("no transformer"))}.");
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
