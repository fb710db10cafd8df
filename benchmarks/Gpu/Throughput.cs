using GMem.Backbone;
using GMem.Distributed;
using GMem.Runtime;
using GMem.Training;
using TorchSharp;

namespace Gpu;

/// <summary>Training steps and sampling of one network.</summary>
/// <param name="Batch">Images a step.</param>
/// <param name="TrainingImagesPerSecond">Forward, backward, clip, AdamW and moving average.</param>
/// <param name="TrainingFlops">Matrix arithmetic of training, operations a second.</param>
/// <param name="SamplingImagesPerSecond">Of 50 Euler steps each, without guidance.</param>
/// <param name="SamplingFlops">Matrix arithmetic of sampling, operations a second.</param>
internal sealed record Throughput(
    int Batch, double TrainingImagesPerSecond, double TrainingFlops, double SamplingImagesPerSecond, double SamplingFlops)
{
    private const int WarmUp = 3;
    private const int SolverSteps = 50;

    public static Throughput Measure(SiTOptions options, torch.Device device, bool mixed, int batch, int steps)
    {
        using torch.Generator generator = new(1);
        using SiT network = new(options, generator, device);
        double flops = Forward(options);
        double training = Train(network, device, mixed, batch, steps);
        double sampling = Sample(network, device, mixed, batch);
        return new Throughput(batch, training, training * 3 * flops, sampling, sampling * SolverSteps * flops);
    }

    private static double Train(SiT network, torch.Device device, bool mixed, int batch, int steps)
    {
        TrainingOptions training = new() { BatchSize = batch, Precision = mixed ? Precision.BFloat16Mixed : Precision.Float32 };
        using MatrixProducts? products = MatrixProducts.Use(device, training);
        using TrainingState state = new(network, training);
        TrainingLoss loss = new(training.CreateTransport(), training.TermsFor(network.Options, hasTokens: false));
        ShardPlan plan = ShardPlan.Of(training, device, RankGroup.Alone);
        using GradientTeam? team = device.type == DeviceType.CPU ? new GradientTeam(network, state.Parameters, plan) : null;
        BatchGradient gradient = new(network, loss, training, device, plan, team);
        using DisposeScope scope = torch.NewDisposeScope();
        StepDraws draws = new(Images(network, batch, device), Images(
            network, batch, device), torch.rand(batch, device: device), [Snippets(network, batch, device)], null);
        network.train();
        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using DisposeScope step = torch.NewDisposeScope();
                state.Parameters.ZeroGradients();
                (torch.Tensor losses, torch.Tensor norm, _) = state.Ranks.Finish(gradient.Accumulate(draws, clock: null), default);
                _ = state.Optimizer.Update(1e-4, 0.999, losses[0], norm);
            }
        }

        Steps(WarmUp);
        return steps * batch / MatrixRate.Seconds(device, () => Steps(steps));
    }

    private static double Sample(SiT network, torch.Device device, bool mixed, int batch)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        using Autocast? autocast = Autocast.Begin(device, mixed);
        network.eval();
        torch.Tensor condition = Snippets(network, batch, device);
        torch.Tensor state = Images(network, batch, device);
        using torch.Tensor step = TensorNumbers.Full([], 1.0f / SolverSteps, device: device);
        void Euler(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using DisposeScope inner = torch.NewDisposeScope();
                torch.Tensor velocity = network.forward(
                    state, TensorNumbers.Full([batch], (float)i / SolverSteps, device: device), condition);
                _ = state.PlusInPlace(velocity.mul(step).to(torch.float32));
            }
        }

        Euler(WarmUp);
        return batch / MatrixRate.Seconds(device, () => Euler(SolverSteps));
    }

    private static torch.Tensor Snippets(SiT network, int batch, torch.Device device) =>
        torch.randn([batch, network.Options.Conditions.OfType<SnippetCondition>().Single().Size], device: device);

    private static torch.Tensor Images(SiT network, int batch, torch.Device device)
    {
        SiTOptions o = network.Options;
        return torch.randn([batch, o.InputChannels, o.InputSize, o.InputSize], device: device);
    }

    /// <summary>
    /// Forward pass of one image: 24 D^2 a token and block, 4 T D a token and block for attention, 12 D^2 a block for adaLN.
    /// </summary>
    private static double Forward(SiTOptions o)
    {
        double d = o.HiddenSize, tokens = o.InputSize / o.PatchSize * (o.InputSize / o.PatchSize);
        return o.Depth * ((24 * d * d * tokens) + (4 * tokens * d * tokens) + (12 * d * d));
    }
}
