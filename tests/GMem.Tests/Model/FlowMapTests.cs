using GMem.Backbone;
using GMem.Latents;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Training;
using GMem.Transport;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Models that make images in few steps.</summary>
public sealed class FlowMapTests
{
    private static readonly GenerationRequest[] Requests = [.. Enumerable.Range(1, 16).Select(seed => new GenerationRequest(seed))];
    private static readonly SamplingOptions OneStep = new() { Kind = SamplerKind.FlowMap, Steps = 1 };

    [Fact]
    public void Fit_SecondStage_FewEvaluationsComeCloserToTheSolverThanEulersSteps()
    {
        GMemOptions first = TinyModel.Options(steps: 300, batchSize: 24), second = Second(null, steps: 400);
        first.Training.LearningRate = second.Training.LearningRate = 3e-3;
        using GMemModel initial = TinyModel.Train(first);
        second.Training.FlowMap = new FlowMapOptions { Share = 0.5 };
        (second.InitialModel, second.Training.BatchSize) = (initial, 24);
        using GMemModel model = TinyModel.Train(second);
        Assert.True(model.Network.IsFlowMap);
        using GMemModel exact = model.WithSampling(new SamplingOptions { Steps = 25 });
        byte[][] wanted = TinyModel.Generate(exact, Requests);
        foreach ((int steps, double bound) in new[] { (1, 0.85), (2, 0.95) })
        {
            using GMemModel euler = model.WithSampling(new SamplingOptions { OdeMethod = OdeMethod.Euler, Steps = steps });
            using GMemModel map = model.WithSampling(OneStep with { Steps = steps });
            double ofEuler = Error(wanted, euler), ofMap = Error(wanted, map);
            Assert.True(ofMap < bound * ofEuler, $"{steps} steps: {ofMap} by the flow map, {ofEuler} by Euler");
        }
    }

    [Fact]
    public void Fit_SamplingLeftAlone_IsTheFlowMapInFourSteps()
    {
        GMemOptions options = TinyModel.Options();
        options.Training.FlowMap = new FlowMapOptions();
        options.Sampling = new SamplingOptions();
        using GMemModel model = TinyModel.Train(options);
        Assert.Equal(new SamplingOptions { Kind = SamplerKind.FlowMap, Steps = 4 }, model.Sampling);
        options.Sampling = new SamplingOptions { Steps = 3 };
        using GMemModel other = TinyModel.Train(options);
        Assert.Equal(SamplerKind.Ode, other.Sampling.Kind);
    }

    [Fact]
    public void SaveThenLoad_SameImagesBitForBit()
    {
        GMemOptions options = Second(initial: null, steps: 6);
        options.Training.Source = new CentredSource();
        using GMemModel model = TinyModel.Train(options);
        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(model.Sampling, loaded.Sampling);
        Assert.True(loaded.Network.IsFlowMap);
        byte[][] images = TinyModel.Generate(model, Requests);
        Assert.Equal(images, TinyModel.Generate(loaded, Requests));
        Assert.Equal(images[5], TinyModel.Generate(loaded, Requests[5])[0]);
    }

    [Fact]
    public void Fit_StoppedAndRunAgain_SameBitsAsNeverStopped()
    {
        using TemporaryFolder folder = new();
        using GMemModel whole = TinyModel.Train(Second(initial: null, steps: 6));
        using CancellationTokenSource stop = new();
        ProgressList progress = new() { OnReport = r => { if (r.Step == 3) { stop.Cancel(); } } };
        GMemOptions options = Second(initial: null, steps: 6);
        options.WorkspacePath = folder.Path;
        using TrainingImages images = TinyModel.Images();
        GMemModel.Fit(images, options, torch.CPU, progress, stop.Token).Dispose();
        using GMemModel resumed = TinyModel.Train(options);
        Assert.Equal(TinyModel.Generate(whole, Requests), TinyModel.Generate(resumed, Requests));
        options.Training.FlowMap = new FlowMapOptions { Share = 0.5 };
        Assert.Contains("Training.FlowMap.Share was 0.25 and is 0.5", Assert.Throws<ArgumentException>(
            () => TinyModel.Train(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_FromAFlowMapWithoutOne_IsAVelocityFieldAgain()
    {
        using GMemModel initial = TinyModel.Train(Second(initial: null, steps: 2));
        GMemOptions options = TinyModel.Options(steps: 2);
        options.InitialModel = initial;
        using GMemModel model = TinyModel.Train(options);
        Assert.False(model.Network.IsFlowMap);
    }

    [Fact]
    public void Refused_WhatDoesNotFit_IsNamed()
    {
        using GMemModel plain = TinyModel.Train(TinyModel.Options(steps: 1));
        Assert.Contains("the model is no flow map", Assert.Throws<ArgumentException>(
            () => plain.WithSampling(OneStep)).Message, StringComparison.Ordinal);

        GMemOptions options = TinyModel.Options(steps: 1);
        options.Sampling = OneStep;
        Assert.Contains("the model is no flow map", Refused(options), StringComparison.Ordinal);
        options = TinyModel.Options(steps: 1);
        options.Network = options.Network with { IsFlowMap = true };
        Assert.Contains("set Training.FlowMap", Refused(options), StringComparison.Ordinal);
        options = Second(initial: null, steps: 1);
        options.Training.Path = InterpolantKind.Vp;
        Assert.Contains("FlowMap is there with Path Vp", Refused(options), StringComparison.Ordinal);
        options = Second(initial: null, steps: 1);
        options.Training.FlowMap = new FlowMapOptions { Share = 0, ShortestInterval = 1 };
        string message = Refused(options);
        Assert.Contains("the flow map's Share is 0", message, StringComparison.Ordinal);
        Assert.Contains("the flow map's ShortestInterval is 1", message, StringComparison.Ordinal);

        using GMemModel map = TinyModel.Train(Second(initial: null, steps: 1));
        GenerationRequest inverted = new(1, 2, PromptImage: map.Generate([new(1)])[0].Image);
        Assert.Contains("set Sampling.Kind to Ode", Assert.Throws<InvalidOperationException>(
            () => map.Invert([inverted])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_AdapterOnAFlowMap_IsAFlowMapToo_AndOnAnotherIsRefused()
    {
        using GMemModel plain = TinyModel.Train(TinyModel.Options(steps: 1));
        GMemOptions options = Second(plain, steps: 2);
        options.Training.Adapter = new LowRankAdapterOptions { Rank = 2 };
        Assert.Contains("train the flow map first", Refused(options), StringComparison.Ordinal);
        options.InitialModel = null;
        using GMemModel map = TinyModel.Train(Second(plain, steps: 2));
        options.InitialModel = map;
        using GMemModel adapted = TinyModel.Train(options);
        Assert.True(adapted.Network.IsFlowMap);
        using GMemModel without = adapted.WithoutAdapter(), again = map.WithAdapter(adapted.Adapter!);
        Assert.Equal(TinyModel.Generate(map, Requests), TinyModel.Generate(without, Requests));
        Assert.Equal(TinyModel.Generate(adapted, Requests), TinyModel.Generate(again, Requests));
    }

    [Fact]
    public void ExportCheckpoint_OfAFlowMap_IsRefused()
    {
        using TemporaryFolder folder = new();
        using GMemModel model = TinyModel.Train(Second(initial: null, steps: 1));
        Assert.Contains("Training.FlowMap", Assert.Throws<InvalidOperationException>(
            () => model.ExportCheckpoint(Path.Combine(folder.Path, "network.safetensors"))).Message, StringComparison.Ordinal);
    }

    private static GMemOptions Second(GMemModel? initial, long steps)
    {
        GMemOptions options = TinyModel.Options(steps);
        options.InitialModel = initial;
        options.Training.FlowMap = new FlowMapOptions();
        options.Sampling = OneStep;
        return options;
    }

    private static string Refused(GMemOptions options) => Assert.Throws<ArgumentException>(() => TinyModel.Train(options)).Message;

    private static double Error(byte[][] wanted, GMemModel model) =>
        wanted.Zip(TinyModel.Generate(model, Requests), (a, b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Average()).Average();
}
