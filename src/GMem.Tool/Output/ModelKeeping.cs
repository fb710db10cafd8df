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
        catch (Exception e)
        {
            string name = $"{Path.GetFileNameWithoutExtension(output)}-{DateTime.UtcNow:yyyyMMdd-HHmmss}.zip";
            Func<string?>[] folders =
            [
                () => Path.GetDirectoryName(output), () => workspace, () => Environment.CurrentDirectory, Path.GetTempPath,
                () => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), () => "/var/tmp", () => "/dev/shm",
            ];
            if (folders.Select(folder => TrySave(model, folder, name)).FirstOrDefault(path => path is not null) is not { } kept)
            {
                throw new IOException($"The model could not be saved, neither as '{output}' nor anywhere else: {e.Message}", e);
            }

            warn($"The model could not be saved as '{output}': {e.Message} It was saved as '{kept}' instead.");
            return kept;
        }
    }

    /// <summary>Where it was saved; null where that is not possible. The current folder, for one, may be gone.</summary>
    private static string? TrySave(GMemTransformer model, Func<string?> folder, string name)
    {
        try
        {
            if (folder() is not { Length: > 0 } place)
            {
                return null;
            }

            // GMem's own way of saving needs no temporary files, which may be what is missing.
            string path = Path.GetFullPath(Path.Combine(place, name));
            model.Model.Save(path);
            return path;
        }
        catch (Exception)
        {
            // The first failure is the one that is told.
            return null;
        }
    }
}
