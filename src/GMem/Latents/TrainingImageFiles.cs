using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;

namespace GMem.Latents;

/// <summary>
/// Writes training images into files of a workspace as they come, so that a data set may be larger than memory. The files belong to one run
/// and are deleted with its <see cref="TrainingImages"/>; those of a run that was killed are deleted by the next one.
/// </summary>
/// <remarks>Pixels are uint8, in shards of 64 MiB, which are memory-mapped once all are written. Not for several threads at once.</remarks>
public sealed class TrainingImageFiles : IDisposable
{
    private const long ShardBytes = 64L << 20;
    private const string Tensor = "images";
    private const string LockName = "lock";

    private readonly string _folder;
    private readonly FileStream _lock;
    private readonly torch.Tensor _buffer;
    private readonly ImageFit _fit;
    private readonly List<string> _paths = [];
    private readonly UseCount _uses;
    private long _inBuffer;
    private bool _handedOver;

    /// <summary>Makes a folder for the images of one run.</summary>
    /// <param name="workspace">The workspace, see <see cref="GMemOptions.WorkspacePath"/>; it is made if need be.</param>
    /// <param name="shape">The shape of the images; a number is the side of a square in RGB.</param>
    /// <exception cref="ArgumentException">The workspace is empty, or no image can have the shape.</exception>
    public TrainingImageFiles(string workspace, ImageShape shape)
    {
        ArgumentException.ThrowIfNullOrEmpty(workspace);
        shape.Validate();
        _fit = shape.Fit;
        string all = Path.Combine(workspace, "images");
        RemoveLeftOver(all);
        _folder = Path.Combine(all, Guid.NewGuid().ToString("N"));
        _ = Directory.CreateDirectory(_folder);
        _lock = new FileStream(Path.Combine(_folder, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        long bytes = (long)shape.Channels * shape.Height * shape.Width;
        _buffer = ImageTensors.Allocate(Math.Max(1, ShardBytes / bytes), shape).DetachFromDisposeScope();
        _uses = new UseCount(nameof(TrainingImageFiles), Free);
    }

    /// <summary>Images so far.</summary>
    public long Count { get; private set; }

    /// <summary>Adds an image.</summary>
    /// <param name="image">An image of the shape given to the constructor; copied.</param>
    /// <exception cref="ArgumentException">The image has another shape.</exception>
    /// <exception cref="InvalidOperationException"><see cref="Finish"/> has been called.</exception>
    public void Add(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using UseScope use = _uses.Hold();
        ThrowIfFinished();
        ImageTensors.Write(_buffer, _inBuffer++, image);
        Count++;
        if (_inBuffer == _buffer.shape[0])
        {
            Flush();
        }
    }

    /// <summary>Maps what was written. The files stay until the result is disposed; this may be disposed before.</summary>
    /// <param name="snippets">Snippets of your own, float32 <c>[N, m]</c>, which the result then owns; null for none. Default null.</param>
    /// <param name="sources">A file name or other source for each image; null for none. Default null.</param>
    /// <param name="labels">A label for each image; null for none. Default null.</param>
    /// <param name="mirroredSnippets">Snippets of the mirror images, which the result then owns; null for none. Default null.</param>
    /// <param name="encoder">The encoder that made the snippets; null for none. Default null.</param>
    /// <param name="conditionValues">Values of conditions, which the result then owns; null for none. Default null.</param>
    /// <returns>The images in the order in which they were added; dispose them.</returns>
    /// <exception cref="InvalidOperationException">There are no images, or this was called before.</exception>
    public TrainingImages Finish(
        torch.Tensor? snippets = null, IReadOnlyList<string>? sources = null, IReadOnlyList<string>? labels = null,
        torch.Tensor? mirroredSnippets = null, SnippetEncoder? encoder = null,
        IReadOnlyDictionary<string, torch.Tensor>? conditionValues = null)
    {
        using UseScope use = _uses.Hold();
        ThrowIfFinished();
        if (Count == 0)
        {
            throw new InvalidOperationException("There are no training images: add at least one before Finish.");
        }

        Flush();
        ShardSet shards = ShardSet.Open(_paths);
        _handedOver = true;
        return new TrainingImages(shards.Find(Tensor)!, new Files(shards, _lock, _folder), snippets)
        {
            Fit = _fit,
            MirroredSnippets = mirroredSnippets,
            Encoder = encoder,
            Sources = sources,
            Labels = labels,
            ConditionValues = conditionValues ?? new Dictionary<string, torch.Tensor>(),
        };
    }

    /// <summary>Deletes the files unless <see cref="Finish"/> handed them over; an operation in progress ends first.</summary>
    public void Dispose() => _uses.RemoveOwner();

    private void Free()
    {
        _buffer.Dispose();
        if (!_handedOver)
        {
            _lock.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private void ThrowIfFinished()
    {
        if (_handedOver)
        {
            throw new InvalidOperationException("Finish has been called: these files are complete. Make another TrainingImageFiles.");
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
