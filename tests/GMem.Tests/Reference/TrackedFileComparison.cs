using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>Comparisons with tensors of a reference file that may be absent.</summary>
public static class TrackedFileComparison
{
    /// <summary>Distinct beginnings like <c>case0.</c> of names such as <c>case0.image</c>.</summary>
    public static string[] Prefixes(this TrackedFile file, string stem) =>
        [.. file.Names.Where(n => n.StartsWith(stem, StringComparison.Ordinal)).Select(
            n => n[..(n.IndexOf('.', StringComparison.Ordinal) + 1)]).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>A tensor that may be absent.</summary>
    public static bool TryRead(
        this TrackedFile file, string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out torch.Tensor? tensor)
    {
        tensor = file.Contains(name) ? file.Read(name) : null;
        return tensor is not null;
    }

    /// <summary>Compares with a tensor that may be absent; what is compared is only then computed.</summary>
    public static void Compare(this TrackedFile file, string name, Func<torch.Tensor> actual, double absolute, double relative = 0)
    {
        if (file.TryRead(name, out torch.Tensor? expected))
        {
            ReferenceFolder.Close(actual(), expected, absolute, relative, $"{file.Name}: {name}");
        }
    }
}
