using GMem.Runtime;
using GMem.Tests.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Tests.Training;

[Collection(nameof(OperatorThreads))]
public sealed class FlatAdamWTests
{
    private const double LearningRate = 1e-3;
    private static readonly AdamWSettings Settings = new(0.9, 0.95, 1e-8, 0.05);

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.0)]
    public void Update_TwentySteps_EqualsTorchAdamW(double maximumNorm)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(7);
        Parameter[] ours = [Random(generator, 70_001), Random(generator, 3, 5)];
        Parameter[] theirs = [.. ours.Select(p => new Parameter(p.detach().clone()))];
        using FlatParameters flat = new([("a", ours[0]), ("b", ours[1])]);
        using FlatAdamW optimizer = new(flat, Settings, maximumNorm);
        OptimizerHelper reference = new(theirs, maximumNorm);
        for (int step = 0; step < 20; step++)
        {
            torch.Tensor[] gradients = [torch.randn(70_001, generator: generator), torch.randn([3, 5], generator: generator)];
            for (int i = 0; i < 2; i++)
            {
                _ = ours[i].grad!.copy_(gradients[i]);
            }

            optimizer.Update(LearningRate, 0.9).Dispose();
            reference.Step(gradients);
        }

        for (int i = 0; i < 2; i++)
        {
            ReferenceFolder.Close(ours[i], theirs[i], 2e-6, 0, $"parameter {i}");
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.0)]
    public void Update_DecidedOnDevice_EqualsTheKernelAlsoWhereStepsAreSkipped(double maximumNorm)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(8);
        Parameter a = Random(generator, 999);
        Parameter b = new(a.detach().clone());
        using FlatParameters flatA = new([("a", a)]);
        using FlatParameters flatB = new([("b", b)]);
        using FlatAdamW kernel = new(flatA, Settings, maximumNorm);
        using FlatAdamW tensors = new(flatB, Settings, maximumNorm, decideOnDevice: true);
        using IDisposable noGrad = torch.no_grad();
        for (int step = 1; step <= 6; step++)
        {
            torch.Tensor gradient = torch.randn(999, generator: generator);
            _ = step is 1 or 4 ? gradient[17] = step == 1 ? float.NaN : float.PositiveInfinity : gradient;
            _ = a.grad!.copy_(gradient);
            _ = b.grad!.copy_(gradient);
            torch.Tensor loss = torch.tensor(step == 5 ? float.NaN : 1f);
            kernel.Update(1e-3, 0.8, loss).Dispose();
            tensors.Update(1e-3, 0.8, loss).Dispose();
            Assert.Equal(kernel.Counts, tensors.Counts);
        }

        Assert.Equal(new StepCounts(Updates: 3, Skipped: 3, SkippedInARow: 0), tensors.Counts);
        ReferenceFolder.Close(b, a, 1e-6, 0, "weights");
        ReferenceFolder.Close(tensors.Average, kernel.Average, 1e-6, 0, "average");
        ReferenceFolder.Close(tensors.FirstMoment, kernel.FirstMoment, 1e-6, 0, "first moment");
        ReferenceFolder.Close(tensors.SecondMoment, kernel.SecondMoment, 1e-6, 0, "second moment");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Update_GradientNotFinite_ChangesNoBitAndIsCounted(bool onDevice)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(12);
        Parameter p = Random(generator, 70);
        using FlatParameters flat = new([("p", p)]);
        using FlatAdamW optimizer = new(flat, Settings, 1, onDevice);
        using IDisposable noGrad = torch.no_grad();
        _ = p.grad!.copy_(torch.randn(70, generator: generator));
        optimizer.Update(1e-3, 0.8).Dispose();
        torch.Tensor[] before =
            [flat.Weights.clone(), optimizer.FirstMoment.clone(), optimizer.SecondMoment.clone(), optimizer.Average.clone()];

        for (int i = 0; i < 2; i++)
        {
            p.grad![3] = float.NaN;
            optimizer.Update(1e-3, 0.8).Dispose();
            Assert.Equal(0, p.grad.abs().sum().item<float>());
        }

        torch.Tensor[] after = [flat.Weights, optimizer.FirstMoment, optimizer.SecondMoment, optimizer.Average];
        Assert.All(before.Zip(after), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        Assert.Equal(new StepCounts(Updates: 1, Skipped: 2, SkippedInARow: 2), optimizer.Counts);
    }

    [Fact]
    public void Update_SeveralThreads_SameBitsAsOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor one = Run(1);
        torch.Tensor three = Run(3);
        Assert.True(one.equal(three).all().item<bool>());

        static torch.Tensor Run(int threads)
        {
            torch.Tensor? result = null;
            OperatorThreads.Run(threads, () =>
            {
                using torch.Generator generator = new(9);
                Parameter p = Random(generator, 200_003);
                using FlatParameters flat = new([("p", p)]);
                using FlatAdamW optimizer = new(flat, Settings, 1);
                _ = p.grad!.copy_(torch.randn(200_003, generator: generator));
                optimizer.Update(1e-3, 0.5).Dispose();
                Assert.Equal(0, p.grad.abs().sum().item<float>());
                result = torch.cat([flat.Weights, optimizer.Average]);
            });
            return result!;
        }
    }

    [Fact]
    public void GradientNorm_LargeAndNotFinite_AsInFloat64()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(11);
        Parameter p = Random(generator, 200_003);
        using FlatParameters flat = new([("p", p)]);
        using IDisposable noGrad = torch.no_grad();
        foreach (double size in new[] { 1e-20, 1, 1e30 })
        {
            _ = p.grad!.copy_(torch.randn(200_003, generator: generator).TimesInPlace(size));
            double expected = p.grad.to(torch.float64).norm().item<double>();
            Assert.Equal(1, flat.GradientNorm().item<float>() / expected, 1e-6);
        }

        p.grad![200_002] = float.NaN;
        Assert.True(float.IsNaN(flat.GradientNorm().item<float>()));
    }

    [Fact]
    public void TakeGradients_OfAnother_AddsThemAndLeavesThemZero()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(13);
        Parameter a = Random(generator, 70_003);
        Parameter b = Random(generator, 70_003);
        using FlatParameters flat = new([("p", a)]);
        using FlatParameters other = flat.Share([("p", b)]);
        using IDisposable noGrad = torch.no_grad();
        torch.Tensor first = torch.randn(70_003, generator: generator), second = torch.randn(70_003, generator: generator);
        _ = a.grad!.copy_(first);
        _ = b.grad!.copy_(second);
        flat.TakeGradients(other);
        Assert.True(a.grad!.equal(first.Plus(second)).all().item<bool>());
        Assert.Equal(0, b.grad!.abs().sum().item<float>());
    }

    [Fact]
    public void FlatParameters_AfterBinding_KeepTheirValuesAndCollectGradients()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(10);
        Parameter a = Random(generator, 4, 3);
        Parameter b = Random(generator, 3);
        torch.Tensor before = a.detach().clone();
        using FlatParameters flat = new([("a", a), ("b", b)]);
        Assert.True(a.detach().equal(before).all().item<bool>());

        a.matmul(b).sum().backward();
        a.matmul(b).sum().backward();
        torch.Tensor expected = torch.cat([b.detach().expand(4, 3).reshape(-1), a.detach().sum([0L])]).Times(2);
        ReferenceFolder.Close(flat.Gradients, expected, 1e-6, 1e-6, "gradients of two backward passes");

        flat.ZeroGradients();
        Assert.Equal(0, a.grad!.abs().sum().item<float>());
    }

    [Fact]
    public void FlatParameters_NotFloat32_NamesTheParameter()
    {
        using Parameter p = new(torch.zeros(3, dtype: torch.float64));
        ArgumentException error = Assert.Throws<ArgumentException>(() => new FlatParameters([("blocks.0.x", p)]));
        Assert.Contains("'blocks.0.x' is not float32", error.Message, StringComparison.Ordinal);
    }

    private static Parameter Random(torch.Generator generator, params long[] shape) => new(torch.randn(shape, generator: generator));

    /// <summary>
    /// torch's own clip, and AdamW as torch computes it: TorchSharp's would make numbers that may be freed while they are read.
    /// </summary>
    private sealed class OptimizerHelper(Parameter[] parameters, double maximumNorm)
    {
        private readonly torch.Tensor[] _first = [.. parameters.Select(p => torch.zeros_like(p))];
        private readonly torch.Tensor[] _second = [.. parameters.Select(p => torch.zeros_like(p))];
        private int _step;

        public void Step(torch.Tensor[] gradients)
        {
            for (int i = 0; i < parameters.Length; i++)
            {
                parameters[i].grad = gradients[i].clone();
            }

            if (maximumNorm > 0)
            {
                _ = torch.nn.utils.clip_grad_norm_(parameters, maximumNorm);
            }

            using IDisposable noGradients = torch.no_grad();
            _step++;
            for (int i = 0; i < parameters.Length; i++)
            {
                torch.Tensor gradient = parameters[i].grad!;
                _ = parameters[i].TimesInPlace(1 - (LearningRate * Settings.WeightDecay));
                _ = _first[i].TimesInPlace(Settings.Beta1).PlusScaledInPlace(1 - Settings.Beta1, gradient);
                _ = _second[i].TimesInPlace(Settings.Beta2).PlusScaledInPlace(1 - Settings.Beta2, gradient.Squared());
                torch.Tensor denominator = _second[i]
                    .sqrt().DividedBy(Math.Sqrt(1 - Math.Pow(Settings.Beta2, _step))).PlusInPlace(Settings.Epsilon);
                _ = parameters[i].PlusScaledInPlace(-LearningRate / (1 - Math.Pow(Settings.Beta1, _step)), _first[i] / denominator);
            }
        }
    }
}
