using GMem.Backbone;
using GMem.Distributed;
using GMem.FileFormats;

namespace GMem.Training;

/// <summary>
/// All trainable parameters of a network in one flat tensor, and their gradients in another: the parameters become views
/// of the first, their gradients views of the second. Clip, optimizer and moving average are then one pass each over
/// memory instead of some six small operations for every parameter.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    private readonly List<torch.Tensor> _gradientViews = [];

    private readonly bool _ownsWeights = true;

    /// <param name="parameters">The trainable parameters in a stable order, float32, all on one device. Their values are kept.</param>
    public FlatParameters(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        (string Name, Parameter Parameter)[] all = [.. parameters];
        if (all.Length == 0)
        {
            throw new ArgumentException("The network has no trainable parameters.", nameof(parameters));
        }

        if (all.FirstOrDefault(p => p.Parameter.dtype != torch.float32) is { Name: { } wrong })
        {
            throw new ArgumentException($"Parameter '{wrong}' is not float32; training keeps float32 weights.", nameof(parameters));
        }

        Names = [.. all.Select(p => p.Name)];
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        Weights = torch.cat([.. all.Select(p => p.Parameter.detach().reshape(-1))]).DetachFromDisposeScope();
        Gradients = torch.zeros_like(Weights).DetachFromDisposeScope();
        MakeViews(all);
    }

    private FlatParameters(IEnumerable<(string Name, Parameter Parameter)> parameters, torch.Tensor weights)
    {
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        _ownsWeights = false;
        Names = [];
        Weights = weights;
        Gradients = torch.zeros_like(Weights).DetachFromDisposeScope();
        MakeViews(parameters);
    }

    /// <summary>Names of the parameters, in their order; none for parameters that share the weights of others.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>float32 <c>[P]</c>: the network's own weights.</summary>
    public torch.Tensor Weights { get; }

    /// <summary>float32 <c>[P]</c>: zero at first; backward passes add to it.</summary>
    public torch.Tensor Gradients { get; }

    public long Count => Weights.numel();

    public void ZeroGradients() => _ = Gradients.zero_();

    /// <returns>L2 norm over all gradients, a float32 scalar tensor on their device.</returns>
    public unsafe torch.Tensor GradientNorm() => Gradients.device_type == DeviceType.CPU
        ? torch.tensor((float)FlatGradientKernel.Norm((float*)TensorBytes.Address(Gradients), Count))
        : Gradients.norm();

    /// <summary>Adds the gradients of another network of the same options, on the CPU, and leaves those zero.</summary>
    public void TakeGradients(FlatParameters other) => TakeGradients(other.Gradients);

    /// <summary>Adds gradients, float32 <c>[P]</c> on the CPU, and leaves those zero.</summary>
    public void TakeGradients(torch.Tensor other) => Move(other, Gradients);

    /// <summary>Adds the gradients to others, float32 <c>[P]</c> on the CPU, and leaves their own zero.</summary>
    public void GiveGradients(torch.Tensor other) => Move(Gradients, other);

    /// <summary>The parameters in one segment for each rank, whose blocks are those of the whole.</summary>
    public Segments Segments(int ranks) => new(Count, FlatBlocks.Length, ranks);

    /// <summary>Makes the gradients zero but for a part.</summary>
    public void KeepGradients(long begin, long length)
    {
        using IDisposable noGrad = torch.no_grad();
        using torch.Tensor before = Gradients.narrow(0, 0, begin), after = Gradients.narrow(0, begin + length, Count - begin - length);
        _ = before.zero_();
        _ = after.zero_();
    }

    /// <summary>Sums of squares of the gradients, one for each block of a part that begins with a block; on the CPU.</summary>
    public unsafe double[] SquaresOfBlocks(long begin, long length) =>
        FlatGradientKernel.SquaresOfBlocks((float*)TensorBytes.Address(Gradients) + begin, length);

    /// <summary>A network of the same options with other weights.</summary>
    /// <param name="network">The network; its tables are kept, and its parameters that are not named.</param>
    /// <param name="weights">float32 <c>[P]</c>, in the order of the network's parameters.</param>
    /// <param name="names">Whose weights these are; null for all parameters.</param>
    /// <param name="device">Where it is put.</param>
    /// <returns>The new network, for evaluation.</returns>
    /// <exception cref="InvalidDataException">There are more or fewer weights than the network has.</exception>
    public static SiT CopyOf(SiT network, torch.Tensor weights, IReadOnlySet<string>? names, torch.Device device)
    {
        using IDisposable noGrad = torch.no_grad();
        SiT copy = new(network.Options, device: device);
        Parameter[] replaced = [.. copy.TrainableParameters().Where(p => names?.Contains(p.Name) != false).Select(p => p.Parameter)];
        long count = replaced.Sum(p => p.numel());
        if (weights.numel() != count)
        {
            copy.Dispose();
            throw new InvalidDataException(
                $"The weights are {weights.numel()} numbers, but the network has {count} parameters: they are of another network.");
        }

        StateDict.Load(copy, network.StateDictTensors(), "the network");
        long offset = 0;
        foreach (Parameter parameter in replaced)
        {
            using torch.Tensor part = weights.narrow(0, offset, parameter.numel());
            using torch.Tensor shaped = part.view(parameter.shape);
            _ = parameter.copy_(shaped);
            offset += parameter.numel();
        }

        copy.eval();
        return copy;
    }

    /// <summary>The same weights with other gradients.</summary>
    /// <param name="parameters">Parameters of another network of the same options; they become views of these weights.</param>
    /// <returns>Dispose it before this.</returns>
    public FlatParameters Share(IEnumerable<(string Name, Parameter Parameter)> parameters) => new(parameters, Weights);

    public void Dispose()
    {
        foreach (torch.Tensor view in _gradientViews)
        {
            view.Dispose();
        }

        Gradients.Dispose();
        if (_ownsWeights)
        {
            Weights.Dispose();
        }
    }

    private unsafe void Move(torch.Tensor from, torch.Tensor to) =>
        FlatGradientKernel.Move((float*)TensorBytes.Address(from), (float*)TensorBytes.Address(to), Count);

    private void MakeViews(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        long offset = 0;
        foreach ((_, Parameter parameter) in parameters)
        {
            long[] shape = parameter.shape;
            long count = parameter.numel();
            torch.Tensor gradient = Gradients.narrow(0, offset, count).view(shape).DetachFromDisposeScope();
            parameter.set_(Weights.narrow(0, offset, count).view(shape));
            parameter.grad = gradient;
            _gradientViews.Add(gradient);
            offset += count;
        }
    }
}
