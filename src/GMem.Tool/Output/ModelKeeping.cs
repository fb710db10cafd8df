using GMem.MLNet;

namespace GMem.Tool.Output;

/// <summary>Saves what a run has learnt, elsewhere where it cannot be saved as was asked.</summary>
internal static class ModelKeeping
{
    /// <param name="model">The model.</param>
    /// <param name="output">Where it should be.</param>
    /// <param name="workspace">The run's workspace, or null.</param>
    /// <param name="warn">Told where it is instead.</param>
    /// <returns>Where it is.</returns>
    /// <exception cref="IOException">It can be saved nowhere.</exception>
    public static string Save(GMemTransformer model, string output, string? workspace, Action<string> warn)
    {
        try
        {
            model.Save(output);
            return output;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string name = $"{Path.GetFileNameWithoutExtension(output)}-{DateTime.UtcNow:yyyyMMdd-HHmmss}.zip";
            string[] folders =
            [
                Path.GetDirectoryName(output)!, .. workspace is null ? Array.Empty<string>() : [workspace], Environment.CurrentDirectory,
                Path.GetTempPath(), Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "/var/tmp", "/dev/shm",
            ];

            // GMem's own way of saving needs no temporary files, which may be what is missing.
            if (folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(path => TrySave(model, path)) is not { } kept)
            {
                throw new IOException($"The model could not be saved, neither as '{output}' nor anywhere else: {e.Message}", e);
            }

            warn($"The model could not be saved as '{output}': {e.Message} It was saved as '{kept}' instead.");
            return kept;
        }
    }

    private static bool TrySave(GMemTransformer model, string path)
    {
        try
        {
            model.Model.Save(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
