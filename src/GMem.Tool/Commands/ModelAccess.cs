using GMem.Images;
using GMem.Memory;
using GMem.Tool.Output;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using TorchSharp;

namespace GMem.Tool.Commands;

/// <summary>Ways to what commands work on, all of them the library's.</summary>
internal static class ModelAccess
{
    /// <summary>A GPU that is asked for must be there. The context's log goes to the console.</summary>
    public static MLContext Context(ToolConsole console, int? gpu)
    {
        MLContext ml = new() { GpuDeviceId = gpu ?? console.Ranks.GpuDeviceId, FallbackToCpu = gpu is null };
        ml.Log += (_, entry) =>
        {
            if (entry.Kind is ChannelMessageKind.Warning or ChannelMessageKind.Error)
            {
                console.Warn(entry.RawMessage);
            }
            else if (entry.Source.StartsWith("GMem", StringComparison.Ordinal) && entry.Kind == ChannelMessageKind.Info)
            {
                console.Log(entry.RawMessage);
            }
        };
        return ml;
    }

    public static GMemTransformer Load(ToolConsole console, string path, int? gpu = null) =>
        GMemTransformer.Load(path, Context(console, gpu));

    /// <summary>A bank: that of a model (.zip), a published one (.pth, .pt), or one that was exported.</summary>
    public static MemoryBank Bank(ToolConsole console, string path)
    {
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".zip":
                using (GMemTransformer model = Load(console, path))
                {
                    return model.Memory;
                }

            case ".pth" or ".pt":
                return MemoryBank.FromCheckpoint(path);
            default:
                return MemoryBank.Open(path);
        }
    }

    /// <summary>Whether a path is a folder, an archive or a list of images; the zip of a model holds none.</summary>
    public static bool HasImages(string path)
    {
        try
        {
            return ImageCollection.IsCollection(path) && ImageCollection.Enumerate(path).Count > 0;
        }
        catch (InvalidDataException)
        {
            // A zip without images is a model; what is wrong with others is said when they are read.
            return !IsZip(path);
        }
    }

    private static bool IsZip(string path)
    {
        using FileStream? file = File.Exists(path) ? File.OpenRead(path) : null;
        return file?.ReadByte() == 'P' && file.ReadByte() == 'K';
    }

    /// <summary>The snippet of an image, by the model's own encoder.</summary>
    public static float[] Snippet(GMemModel model, string image)
    {
        using torch.Tensor snippet = model.EncodeFiles(image);
        return [.. snippet.data<float>()];
    }
}
