using GMem;
using GMem.Evaluation;
using GMem.Images;
using GMem.Memory;
using TorchSharp;

namespace HeadlineResult;

/// <summary>Judges generated images by features that no contestant's snippets are made of.</summary>
internal sealed class Judge : IDisposable
{
    private const int GenerationBatch = 128;

    private readonly RandomConvolutionFeatures _features = new();
    private readonly FeatureSet _reference;
    private readonly FeatureSet _training;
    private readonly FeatureStatistics _statistics;
    private readonly int _samples;

    public Judge(ImageData data, Protocol protocol)
    {
        _samples = protocol.Samples;
        _reference = FeatureSet.Compute(_features, data.Reference);
        _training = FeatureSet.Compute(_features, data.Training);
        _statistics = _reference.ToStatistics();
        using torch.Tensor shuffled = Shuffled(data.HeldOut, Math.Min(_samples, data.HeldOut.shape[0]));
        using FeatureSet unseen = FeatureSet.Compute(_features, shuffled);
        Floor = Distance(unseen);
        CopiesAmongUnseen = CopyCheck.Compute(_training.Features, unseen.Features).Share;
    }

    public string FeatureName => _features.Name;

    /// <summary>The distance of as many real images as are generated: no model can be expected below it.</summary>
    public double Floor { get; }

    /// <summary>
    /// Share of real, held-out images that the copy check takes for copies: what a model that copies nothing is to be compared with.
    /// </summary>
    public double CopiesAmongUnseen { get; }

    /// <summary>Distance and copies of a model's images, the seeds 1, 2, ... deciding noise and entry.</summary>
    public Verdict Look(GMemModel model, bool entriesAreTrainingImages)
    {
        List<long> entries = [];
        using FeatureSet set = FeatureSet.Compute(_features, Generate(model, entries));
        CopyCheckResult copies = CopyCheck.Compute(_training.Features, set.Features, entriesAreTrainingImages ? entries : null);
        return new Verdict(Distance(set), KernelDistance.Compute(
            _reference.Features, set.Features, new KernelDistanceOptions { SubsetSize = _samples / 2 }).Mean, copies.Share);
    }

    /// <summary>The same from the snippets of images that were never trained on.</summary>
    public Verdict LookAtHeldOut(GMemModel model, torch.Tensor snippets)
    {
        using GMemModel other = model.WithMemory(MemoryBank.FromRows(snippets));
        return Look(other, entriesAreTrainingImages: false);
    }

    public void Dispose()
    {
        _reference.Dispose();
        _training.Dispose();
        _statistics.Dispose();
        _features.Dispose();
    }

    private double Distance(FeatureSet set)
    {
        using FeatureStatistics own = set.ToStatistics();
        return FrechetDistance.Compute(_statistics, own);
    }

    private IEnumerable<torch.Tensor> Generate(GMemModel model, List<long> entries)
    {
        for (int start = 1; start <= _samples; start += GenerationBatch)
        {
            GenerationRequest[] requests =
                [.. Enumerable.Range(start, Math.Min(GenerationBatch, _samples + 1 - start)).Select(seed => new GenerationRequest(seed))];
            IReadOnlyList<GeneratedImage> images = model.Generate(requests);
            entries.AddRange(images.Select(i => i.Entry?.Index ?? -1));
            yield return ImageTensors.ToTensor([.. images.Select(i => i.Image)]);
        }
    }

    /// <summary>Images lie class by class; a part of them must not be of some classes only.</summary>
    private static torch.Tensor Shuffled(torch.Tensor images, long count)
    {
        using torch.Generator generator = new(5);
        using torch.Tensor order = torch.randperm(images.shape[0], generator: generator);
        using torch.Tensor first = order.narrow(0, 0, count);
        return images.index_select(0, first);
    }
}
