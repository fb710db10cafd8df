using GMem.Images;
using GMem.Memory;
using Microsoft.ML;
using TorchSharp;

namespace GMem.Tool.Commands;

/// <summary>Ways to what commands work on, all of them the library's.</summary>
internal static class ModelAccess
{
    /// <summary>A GPU that is asked for must be there.</summary>
    public static MLContext Context(int? gpu) => new() { GpuDeviceId = gpu, FallbackToCpu = gpu is null };

    public static GMemTransformer Load(string path, int? gpu = null) => GMemTransformer.Load(path, Context(gpu));

    /// <summary>
    /// The full path of a file to be written, whose folder is made: before the work, so that a path that cannot be is an error at once.
    /// </summary>
    public static string PrepareOutput(string path)
    {
        string full = Path.GetFullPath(path);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return full;
    }

    /// <summary>A bank: that of a model (.zip), a published one (.pth, .pt), or one that was exported.</summary>
    public static MemoryBank Bank(string path)
    {
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".zip":
                using (GMemTransformer model = Load(path))
                {
                    return model.Memory;
                }

            case ".pth" or ".pt":
                return MemoryBank.FromCheckpoint(path);
            default:
                return MemoryBank.Open(path);
        }
    }

    /// <summary>Whether a .zip is one of images; a model is one too, but holds none.</summary>
    public static bool IsImageArchive(string path)
    {
        try
        {
            return path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) && ImageFolder.Enumerate(path).Count > 0;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>The snippet of an image, by the model's own encoder.</summary>
    public static float[] Snippet(GMemModel model, string image)
    {
        using torch.Tensor snippet = model.Encode(ImageReader.ReadFile(image));
        return [.. snippet.data<float>()];
    }
}
