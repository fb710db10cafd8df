using System.Text.Json;

namespace HeadlineResult.Judging;

/// <summary>Where verdicts are written, as JSON that is committed.</summary>
internal static class JudgeFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="folder">Created where it is missing.</param>
    /// <param name="name">Without ending; that of another half than the reported one gets its name.</param>
    /// <param name="half">The half of the test images that was judged against.</param>
    /// <param name="value">What is written.</param>
    public static void Write<T>(string folder, string name, TestHalf half, T value)
    {
        string suffix = half.Name == "report" ? "" : $"-{half.Name}";
        string path = Path.Combine(Directory.CreateDirectory(folder).FullName, $"{name}{suffix}.json");
        File.WriteAllText(path, JsonSerializer.Serialize(value, Indented) + "\n");
    }
}
