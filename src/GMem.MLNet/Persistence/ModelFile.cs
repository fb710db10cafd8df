using System.IO.Compression;
using System.Reflection;
using GMem.Runtime;

namespace GMem.MLNet.Persistence;

/// <summary>Loads a <c>model.zip</c> with errors that name the file and the cause. ML.NET's own name neither: it speaks of legacy formats
/// and of targets of invocations.</summary>
internal static class ModelFile
{
    public static GMemTransformer Load(string path, MLContext mlContext)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no model file '{path}'.", path);
        }

        using FileStream stream = File.OpenRead(path);
        if (IsOfGMemAlone(stream))
        {
            GMemModel model = GMemModel.Load(path, GMemRuntime.SelectDevice(mlContext.GpuDeviceId, mlContext.FallbackToCpu));
            return new GMemTransformer(model, new GenerationOptions(), firstSeed: 0);
        }

        ITransformer loaded;
        try
        {
            loaded = mlContext.Model.Load(stream, out _);
        }
        catch (Exception e) when (Cause(e) is not (GMemRuntimeException or OutOfMemoryException))
        {
            throw new InvalidDataException($"'{path}' cannot be loaded as a GMem model: {Explain(e, stream.Length)}", e);
        }
        catch (Exception e) when (Cause(e) is GMemRuntimeException runtime && runtime != e)
        {
            throw new GMemRuntimeException($"'{path}' cannot be loaded: {runtime.Message}", e);
        }

        return Unwrap(loaded, path);
    }

    /// <summary>Whether <see cref="GMemModel.Save(string)"/> wrote the file: its entries are at the root of the zip, those of ML.NET in a
    /// folder.</summary>
    private static bool IsOfGMemAlone(FileStream stream)
    {
        try
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);
            return zip.GetEntry("model.json") is not null;
        }
        catch (InvalidDataException)
        {
            return false;
        }
        finally
        {
            stream.Position = 0;
        }
    }

    private static GMemTransformer Unwrap(ITransformer loaded, string path)
    {
        ITransformer[] parts = loaded is IEnumerable<ITransformer> chain ? [.. chain] : [loaded];
        if (parts is [GMemTransformer only])
        {
            return only;
        }

        (loaded as IDisposable)?.Dispose();
        throw new InvalidDataException(parts.OfType<GMemTransformer>().Any()
            ? $"'{path}' is a pipeline of {parts.Length} transformers, not a GMem model alone. Load it with mlContext.Model.Load."
            : $"'{path}' is an ML.NET model but not one of GMem: it holds "
                + $"{string.Join(", ", parts.Select(p => p.GetType().Name).DefaultIfEmpty("no transformer"))}.");
    }

    private static string Explain(Exception e, long length) => Cause(e) switch
    {
        InvalidDataException own => own.Message,
        FormatException => length == 0 ? "the file is empty." : "it is not a zip archive, or it was cut short.",
        InvalidOperationException => "it is a zip archive but not a model that this ML.NET can read.",
        Exception other => other.Message,
    };

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
