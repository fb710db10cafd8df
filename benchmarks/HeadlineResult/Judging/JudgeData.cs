using GMem.Images;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>All training and all test images with the numbers of their classes.</summary>
internal sealed class JudgeData : IDisposable
{
    private JudgeData(IReadOnlyList<ImageFile> training, IReadOnlyList<ImageFile> test)
    {
        string[] classes = [.. training.Select(f => f.Label).Distinct().Order(StringComparer.Ordinal)];
        Labels = [.. training.Select(f => f.Label)];
        (Training, TrainingLabels) = Read(training, classes);
        (Test, TestLabels) = Read(test, classes);
    }

    /// <summary>uint8 <c>[N, 3, 32, 32]</c>.</summary>
    public torch.Tensor Training { get; }

    /// <summary>Of the training images, by name.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Of the training images, int64 <c>[N]</c>.</summary>
    public torch.Tensor TrainingLabels { get; }

    public torch.Tensor Test { get; }

    public torch.Tensor TestLabels { get; }

    public static JudgeData Load(Arguments arguments) => new(
        ImageCollection.Enumerate(arguments.Text("--images", "../shared/data/cifar10-train.zip")),
        ImageCollection.Enumerate(arguments.Text("--held-out", "../shared/data/cifar10-test.zip")));

    public void Dispose()
    {
        Training.Dispose();
        TrainingLabels.Dispose();
        Test.Dispose();
        TestLabels.Dispose();
    }

    private static (torch.Tensor Images, torch.Tensor Labels) Read(IReadOnlyList<ImageFile> files, string[] classes)
    {
        long[] labels = [.. files.Select(f => (long)Array.IndexOf(classes, f.Label))];
        return (ImageTensors.Load([.. files.Select(f => f.ImagePath)], ImageData.Size), torch.tensor(labels));
    }
}
