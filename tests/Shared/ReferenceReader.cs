using System.Text.Json;
using GMem.Weights;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>A reference file that remembers which of its tensors a test has compared, so that none is passed over in silence.</summary>
public sealed class ReferenceReader : IDisposable
{
    private readonly SafetensorsFile _file;
    private readonly HashSet<string> _unread;

    public ReferenceReader(string path)
    {
        _file = SafetensorsFile.Open(path);
        _unread = [.. _file.Entries.Select(e => e.Name)];
        Name = Path.GetFileNameWithoutExtension(path);
    }

    public string Name { get; }

    public JsonElement Config => _file.Config();

    public IEnumerable<string> Names => _file.Entries.Select(e => e.Name);

    /// <summary>Distinct beginnings like <c>case0.</c> of names such as <c>case0.image</c>.</summary>
    public string[] Prefixes(string stem) =>
        [.. Names.Where(n => n.StartsWith(stem, StringComparison.Ordinal)).Select(n => n[..(n.IndexOf('.', StringComparison.Ordinal) + 1)]).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>A tensor that must be there.</summary>
    public torch.Tensor Read(string name)
    {
        _unread.Remove(name);
        return _file.Read(name);
    }

    /// <summary>A tensor that may be absent.</summary>
    public bool TryRead(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out torch.Tensor? tensor)
    {
        tensor = _file.Contains(name) ? Read(name) : null;
        return tensor is not null;
    }

    /// <summary>Compares with a tensor that may be absent; what is compared is only then computed.</summary>
    public void Compare(string name, Func<torch.Tensor> actual, double absolute, double relative = 0)
    {
        if (TryRead(name, out torch.Tensor? expected))
        {
            ReferenceFolder.Close(actual(), expected, absolute, relative, $"{Name}: {name}");
        }
    }

    /// <summary>Leaves out a tensor that is recorded but not to be reproduced.</summary>
    public void Ignore(string name) => _unread.Remove(name);

    public void RequireAllRead() => Assert.True(_unread.Count == 0, $"{Name}: not compared: {string.Join(", ", _unread.Order(StringComparer.Ordinal))}");

    public void Dispose() => _file.Dispose();
}
