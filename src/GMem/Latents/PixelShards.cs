using System.Globalization;
using GMem.FileFormats;
using GMem.Images;

namespace GMem.Latents;

/// <summary>
/// Pixels of training images in uint8 shards of the workspace, written as they come and mapped when all are there, so that a data set may
/// be larger than memory. They belong to one run and are deleted with its images (those of a run that was killed, by the next one); what is
/// kept between runs is what was encoded from them.
/// </summary>
internal sealed class PixelShards : IDisposable
{
    private const long ShardBytes = 64L << 20;
    private const string Tensor = "images";
    private const string LockName = "lock";

    private readonly string _folder;
    private readonly FileStream _lock;
    private readonly torch.Tensor _buffer;
    private readonly List<string> _paths = [];
    private long _inBuffer;
    private bool _handedOver;

    public PixelShards(string workspace, int size)
    {
        string all = Path.Combine(workspace, "images");
        RemoveLeftOver(all);
        _folder = Path.Combine(all, Guid.NewGuid().ToString("N"));
        _ = Directory.CreateDirectory(_folder);
        _lock = new FileStream(Path.Combine(_folder, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        _buffer =
            ImageTensors.Allocate(Math.Max(1, ShardBytes / ((long)RgbImage.Channels * size * size)), size, size).DetachFromDisposeScope();
    }

    public long Count { get; private set; }

    public void Add(RgbImage image)
    {
        ImageTensors.Write(_buffer, _inBuffer++, image);
        Count++;
        if (_inBuffer == _buffer.shape[0])
        {
            Flush();
        }
    }

    /// <summary>Maps what was written; it stays when this is disposed, until the images are.</summary>
    public TrainingImages Finish(torch.Tensor? snippets, IReadOnlyList<string>? sources, IReadOnlyList<string>? labels)
    {
        Flush();
        ShardSet shards = ShardSet.Open(_paths);
        _handedOver = true;
        return new TrainingImages(shards.Find(Tensor)!, new Files(shards, _lock, _folder), snippets) { Sources = sources, Labels = labels };
    }

    public void Dispose()
    {
        _buffer.Dispose();
        if (!_handedOver)
        {
            _lock.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private void Flush()
    {
        if (_inBuffer == 0)
        {
            return;
        }

        string path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"shard-{_paths.Count:D5}.safetensors"));
        using torch.Tensor rows = _buffer.narrow(0, 0, _inBuffer);
        SafetensorsWriter.Write(path, [new(Tensor, rows)]);
        _paths.Add(path);
        _inBuffer = 0;
    }

    /// <summary>What a run that was killed left behind: folders whose lock nobody holds any more.</summary>
    private static void RemoveLeftOver(string all)
    {
        foreach (string folder in Directory.Exists(all) ? Directory.GetDirectories(all) : [])
        {
            try
            {
                using (new FileStream(Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                {
                }

                Directory.Delete(folder, recursive: true);
            }
            catch (IOException)
            {
                // In use, or being made or removed by another run at this moment: that run will see to it.
            }
        }
    }

    private sealed class Files(ShardSet shards, FileStream held, string folder) : IDisposable
    {
        public void Dispose()
        {
            shards.Dispose();
            held.Dispose();
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
