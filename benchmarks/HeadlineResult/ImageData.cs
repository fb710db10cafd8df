using GMem.Images;
using TorchSharp;

namespace HeadlineResult;

/// <summary>
/// Training images with their labels, and images that are never trained on: one half of these is the reference, the other makes held-out
/// snippets.
/// </summary>
internal sealed class ImageData(
    torch.Tensor training, IReadOnlyList<string> labels, torch.Tensor reference, torch.Tensor heldOut) : IDisposable
{
    public const int Size = 32;

    /// <summary>uint8 <c>[N, 3, 32, 32]</c>.</summary>
    public torch.Tensor Training { get; } = training;

    public IReadOnlyList<string> Labels { get; } = labels;

    public torch.Tensor Reference { get; } = reference;

    public torch.Tensor HeldOut { get; } = heldOut;

    public static ImageData Load(Protocol protocol)
    {
        // Every n-th image, so that all classes are there in equal parts.
        IReadOnlyList<ImageFile> all = ImageCollection.Enumerate(protocol.Images);
        int every = Math.Max(1, all.Count / protocol.TrainingImages);
        ImageFile[] training = [.. all.Where((_, i) => i % every == 0).Take(protocol.TrainingImages)];
        IReadOnlyList<ImageFile> test = ImageCollection.Enumerate(protocol.HeldOut);
        return new ImageData(
            Read(training),
            [.. training.Select(f => f.Label)],
            Read(test.Where((_, i) => i % 2 == 0)),
            Read(test.Where((_, i) => i % 2 == 1)));
    }

    public void Dispose()
    {
        Training.Dispose();
        Reference.Dispose();
        HeldOut.Dispose();
    }

    private static torch.Tensor Read(IEnumerable<ImageFile> files) => ImageTensors.Load([.. files.Select(f => f.ImagePath)], Size);
}
