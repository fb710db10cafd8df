using GMem.FileFormats;
using GMem.Images;

namespace GMem.Evaluation;

/// <summary>
/// The features of the FID: the 2048 pooled activations of InceptionV3, with its spatial features (sFID) and its logits without bias
/// (Inception score). The user supplies the weights, the state dict that pytorch-fid publishes as
/// <c>pt_inception-2015-12-05-6726825d.pth</c>.
/// </summary>
public sealed class InceptionFeatures : FeatureExtractor
{
    /// <summary>
    /// Channels of the spatial features, chosen so that 7 x 17 x 17 is about the number of pooled features (Nash et al., 2021,
    /// arXiv 2103.03841).
    /// </summary>
    private const int SpatialChannels = 7;

    private const string ClassifierWeight = "fc.weight";
    private const string BatchCounter = ".num_batches_tracked";

    private readonly torch.Device _device;
    private readonly InceptionInputPath _path;

    private InceptionFeatures(
        IReadOnlyDictionary<string, torch.Tensor> tensors, string source, InceptionInputPath path, torch.Device device)
    {
        _device = device;
        _path = path;
        Network = new InceptionV3(device);
        try
        {
            Load(tensors, source);
        }
        catch
        {
            Network.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Name =>
        _path == InceptionInputPath.PyTorchFid ? "InceptionV3 (FID, pytorch-fid input)" : "InceptionV3 (FID, TensorFlow input)";

    /// <summary>2048.</summary>
    public override int Dimension => InceptionV3.FeatureCount;

    internal InceptionV3 Network { get; }

    /// <summary>Loads the network from a file.</summary>
    /// <param name="weights">State dict of the FID's InceptionV3: <c>.pth</c> as published, or <c>.safetensors</c>.</param>
    /// <param name="path">How images are converted to the input. Default <see cref="InceptionInputPath.PyTorchFid"/>.</param>
    /// <param name="device">Device to compute on; null for the CPU.</param>
    /// <returns>The features; dispose them.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or its tensors do not match; the message says which.</exception>
    /// <exception cref="NotSupportedException">The file extension is not supported.</exception>
    public static InceptionFeatures Load(
        string weights, InceptionInputPath path = InceptionInputPath.PyTorchFid, torch.Device? device = null)
    {
        GMemRuntime.EnsureLoaded();
        using DisposeScope scope = torch.NewDisposeScope();
        return new InceptionFeatures(WeightsFile.ReadTensors(weights), weights, path, device ?? torch.CPU);
    }

    /// <summary>Creates the network from tensors that have already been read.</summary>
    /// <param name="tensors">Tensors by state-dict name, copied; <c>num_batches_tracked</c> may be missing.</param>
    /// <param name="path">How images are converted to the input. Default <see cref="InceptionInputPath.PyTorchFid"/>.</param>
    /// <param name="device">Device to compute on; null for the CPU.</param>
    /// <returns>The features; dispose them.</returns>
    /// <exception cref="InvalidDataException">A tensor is missing, unknown or of the wrong shape; the message says which.</exception>
    internal static InceptionFeatures FromTensors(
        IReadOnlyDictionary<string, torch.Tensor> tensors,
        InceptionInputPath path = InceptionInputPath.PyTorchFid,
        torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        GMemRuntime.EnsureLoaded();
        return new InceptionFeatures(tensors, "the given tensors", path, device ?? torch.CPU);
    }

    /// <inheritdoc/>
    public override torch.Tensor Extract(torch.Tensor images)
    {
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        return Pool(Activations(images).Block2048).cpu().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override FeatureSet ExtractAll(torch.Tensor images)
    {
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        InceptionActivations activations = Activations(images);
        torch.Tensor features = Pool(activations.Block2048);
        return new FeatureSet(Name, features.cpu(), Spatial(activations.Spatial).cpu(), Network.fc.Unbiased(features).cpu());
    }

    /// <summary>All activations of the network; they belong to the caller's scope.</summary>
    internal InceptionActivations Activations(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images), ImageShape.Rgb);
        using torch.Tensor input = _path == InceptionInputPath.PyTorchFid
            ? InceptionInput.ResizePyTorch(images, _device).TimesInPlace(2).PlusInPlace(-1)
            : InceptionInput.TensorFlow(images, _device);
        return Network.Forward(input);
    }

    private void Load(IReadOnlyDictionary<string, torch.Tensor> tensors, string source)
    {
        if (tensors.TryGetValue(ClassifierWeight, out torch.Tensor? classifier)
            && classifier.dim() == 2 && classifier.shape[0] != InceptionV3.Classes)
        {
            throw new InvalidDataException(
                $"'{source}' is an InceptionV3 with {classifier.shape[0]:N0} classes; the FID is defined by the one with "
                    + $"{InceptionV3.Classes:N0}, which pytorch-fid publishes as pt_inception-2015-12-05-6726825d.pth. torchvision's "
                    + "weights give different scores.");
        }

        StateDict.Load(Network, tensors, source, mayBeMissing: name => name.EndsWith(BatchCounter, StringComparison.Ordinal));
    }

    /// <summary>Mean over the grid, <c>[B, C]</c>.</summary>
    internal static torch.Tensor Pool(torch.Tensor activations) => activations.mean([2, 3]);

    /// <summary>The first channels, <c>[B, 2023]</c> in the order row, column, channel.</summary>
    internal static torch.Tensor Spatial(torch.Tensor activations)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return activations.narrow(1, 0, SpatialChannels).permute(0, 2, 3, 1).contiguous().flatten(1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Network.Dispose();
        }
    }
}
