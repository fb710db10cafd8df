using System.Diagnostics;
using GMem.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HeadlineResult.Judging;

/// <summary>
/// Trains the judge's network: random crops, mirroring, blur, colours and noise, SGD with Nesterov momentum, a one-cycle learning rate.
/// </summary>
internal sealed class ClassifierTraining(Tensor images, Tensor labels, int epochs)
{
    private const int BatchSize = 256;
    private const int Padding = 2;
    private const double PeakRate = 0.3;
    private const double PeakAt = 0.25;
    private const double LastRate = 0.003;
    private const int Standards = 5000;
    private const double DegradedShare = 0.5;
    private const double NoiseStrength = 0.5;
    private const double ColourJitter = 0.2;

    private static readonly float[] BlurTaps = [1 / 16f, 4 / 16f, 6 / 16f, 4 / 16f, 1 / 16f];

    private readonly Generator _generator = new(1);

    /// <param name="log">Told how it goes.</param>
    public ClassifierNetwork Run(Action<string> log)
    {
        // Modules draw their first weights from the global generator.
        _ = manual_seed(1);
        ClassifierNetwork network = new();
        using Tensor some = ClassifierNetwork.Scaled(images.narrow(0, 0, Math.Min(images.shape[0], 5000)));
        network.Whiten(some);
        using Tensor scaled = ClassifierNetwork.Scaled(images);
        using Tensor padded = nn.functional.pad(scaled, [Padding, Padding, Padding, Padding], PaddingModes.Reflect);
        IEnumerable<Parameter> parameters = network.parameters().Where(p => p.requires_grad);
        using SGD optimizer = optim.SGD(parameters, PeakRate, momentum: 0.9, weight_decay: 5e-4, nesterov: true);
        long steps = images.shape[0] / BatchSize;
        long begin = Stopwatch.GetTimestamp();
        network.train();
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            using DisposeScope ofEpoch = NewDisposeScope();
            Tensor order = randperm(images.shape[0], generator: _generator);
            Tensor sum = zeros(1);
            for (long step = 0; step < steps; step++)
            {
                using DisposeScope ofStep = NewDisposeScope();
                Rate(optimizer, (((epoch * steps) + step) + 0.5) / (epochs * steps));
                Tensor chosen = order.narrow(0, step * BatchSize, BatchSize);
                Tensor views = Degraded(Views(padded.index_select(0, chosen)));
                Tensor value = Loss(network.forward(views), labels.index_select(0, chosen));
                optimizer.zero_grad();
                value.backward();
                _ = optimizer.step();
                _ = sum.PlusInPlace(value.detach());
                if (step % 50 == 49)
                {
                    double mean = sum.item<float>() / (step + 1), minutes = Stopwatch.GetElapsedTime(begin).TotalMinutes;
                    log($"classifier: epoch {epoch + 1}/{epochs}, step {step + 1}/{steps}, loss {mean:f3}, {minutes:f1} min");
                }
            }
        }

        network.eval();
        using Tensor spread = scaled.slice(0, 0, images.shape[0], Math.Max(1, images.shape[0] / Standards));
        network.Standardise(spread);
        return network;
    }

    /// <summary>
    /// Without label smoothing, which erases from the features what tells images of a class apart (Mueller et al., arXiv 1906.02629).
    /// </summary>
    private static Tensor Loss(Tensor logits, Tensor classes) => nn.functional.cross_entropy(logits, classes);

    private static void Rate(SGD optimizer, double at)
    {
        double rate = at < PeakAt ? PeakRate * at / PeakAt : LastRate + ((PeakRate - LastRate) * (1 - at) / (1 - PeakAt));
        foreach (optim.ILearningRateController group in optimizer.ParamGroups)
        {
            group.LearningRate = rate;
        }
    }

    /// <summary>A random part of each padded image, half of them mirrored.</summary>
    private Tensor Views(Tensor padded)
    {
        using DisposeScope scope = NewDisposeScope();
        long count = padded.shape[0], side = padded.shape[3] - (2 * Padding);
        Tensor Offsets() => randint((2 * Padding) + 1, [count, 1], generator: _generator, dtype: ScalarType.Int64);
        Tensor places = TensorNumbers.Range(0, side).unsqueeze(0);
        Tensor rows = Offsets().Plus(places);
        Tensor mirrored = randint(2, [count, 1], generator: _generator, dtype: ScalarType.Int64).to(ScalarType.Bool);
        Tensor columns = Offsets().Plus(where(mirrored, places.flip(1), places));
        Tensor cut = padded.gather(2, rows.view(count, 1, side, 1).expand(count, 3, side, padded.shape[3]));
        return cut.gather(3, columns.view(count, 1, 1, side).expand(count, 3, side, side)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Some images with blur, other colours and noise, each of a random strength, so that the features follow what is on a picture
    /// even where the picture is not clean.
    /// </summary>
    private Tensor Degraded(Tensor views)
    {
        using DisposeScope scope = NewDisposeScope();
        long count = views.shape[0];
        Tensor Strength() => rand([count, 1, 1, 1], generator: _generator) * Chosen(count);
        using Tensor taps = tensor(BlurTaps);
        Tensor kernel = outer(taps, taps).view(1, 1, BlurTaps.Length, BlurTaps.Length).expand(views.shape[1], -1, -1, -1).contiguous();
        long margin = BlurTaps.Length / 2;
        Tensor wide = nn.functional.pad(views, [margin, margin, margin, margin], PaddingModes.Reflect);
        Tensor blurred = nn.functional.conv2d(wide, kernel, groups: views.shape[1]);
        Tensor images = views + ((blurred - views) * Strength());
        Tensor Jitter() => rand([count, views.shape[1], 1, 1], generator: _generator).Plus(-0.5).Times(2 * ColourJitter) * Chosen(count);
        images = (images * Jitter().OnePlus()) + Jitter();
        Tensor noise = randn(views.shape, generator: _generator) * Strength().Times(NoiseStrength);
        return (images + noise).MoveToOuterDisposeScope();
    }

    /// <summary>1 for some images, 0 for the others.</summary>
    private Tensor Chosen(long count) => rand([count, 1, 1, 1], generator: _generator).Plus(DegradedShare).floor();
}
