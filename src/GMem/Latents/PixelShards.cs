using System.Globalization;
using GMem.Images;
using GMem.Training;
using GMem.Weights;
using TorchSharp;

namespace GMem.Latents;

/// <summary>
/// Pixels of training images in uint8 shards of the workspace, written as they come and mapped when all are there, so that a data set may be larger than memory. They
/// belong to one run and are deleted with its images; what is kept between runs is what was encoded from them.
/// </summary>
internal sealed class PixelShards : IDisposable
{
    private const long ShardBytes = 64L << 20;
    private const string Tensor = "images";

    private readonly string _folder;
    private readonly torch.Tensor _buffer;
    private readonly List<string> _paths = [];
    private long _inBuffer;
    private bool _handedOver;

    public PixelShards(string workspace, int size)
    {
        _folder = Path.Combine(workspace, "images", Guid.NewGuid().ToString("N"));
        _ = Directory.CreateDirectory(_folder);
        _buffer = ImageTensors.Allocate(Math.Max(1, ShardBytes / ((long)RgbImage.Channels * size * size)), size, size).DetachFromDisposeScope();
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
        return new TrainingImages(shards.Find(Tensor)!, new Files(shards, _folder), snippets) { Sources = sources, Labels = labels };
    }

    public void Dispose()
    {
        _buffer.Dispose();
        if (!_handedOver)
        {
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

    private sealed class Files(ShardSet shards, string folder) : IDisposable
    {
        public void Dispose()
        {
            shards.Dispose();
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
