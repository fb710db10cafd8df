using System.Text.Json;
using GMem.FileFormats;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>A reference file that remembers which of its tensors a test has read, so that none is left out unnoticed.</summary>
public sealed class TrackedFile : IDisposable
{
    private readonly SafetensorsFile _file;
    private readonly HashSet<string> _unread;

    public TrackedFile(string path)
    {
        _file = SafetensorsFile.Open(path);
        _unread = [.. _file.Entries.Select(entry => entry.Name)];
        Name = System.IO.Path.GetFileName(path);
    }

    public string Name { get; }

    public string Path => _file.Path;

    public IEnumerable<string> Names => _file.Entries.Select(entry => entry.Name);

    public bool Contains(string key) => _file.Contains(key);

    public JsonElement Config(string key = "config") => _file.Config(key);

    public bool HasMetadata(string key) => _file.Metadata.ContainsKey(key);

    public torch.Tensor Read(string key)
    {
        _unread.Remove(key);
        return _file.Read(key);
    }

    /// <summary>Drops tensors that the folder's README lists as recorded but not to be reproduced.</summary>
    public void Exclude(Func<string, bool> documented) => _unread.RemoveWhere(key => documented(key));

    public void AssertAllRead() => Assert.True(_unread.Count == 0, $"{Name}: no case reads {string.Join(", ", _unread.Order())}");

    public void Dispose() => _file.Dispose();
}
