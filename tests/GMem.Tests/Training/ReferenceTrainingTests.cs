using System.Text.Json;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using GMem.Transport;
using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Tests.Training;

/// <summary>reference/training: whole runs of some steps from given batches, and the rule of the moving average alone.</summary>
public sealed class ReferenceTrainingTests
{
    private const string Folder = "training";
    private const string AverageRulePrefix = "ema";

    [Fact]
    public void Run_EveryReferenceRun_GivesItsLossesGradientsAndWeights()
    {
        string[] runs = Runs();
        ReferenceFolder.RequireCases(Folder, runs, "training runs", inSmallSet: false);
        foreach (string run in runs)
        {
            CheckRun(run);
        }
    }

    [Fact]
    public void Average_EveryReferenceRule_IsFollowed()
    {
        string[] files = [.. ReferenceFolder.Files(Folder).Where(IsAverageRule)];
        ReferenceFolder.RequireCases(Folder, files, "files of the moving average's rule");
        foreach (string path in files)
        {
            CheckAverageRule(path);
        }
    }

    [Fact]
    public void Folder_EveryFile_IsReadBySomeCase()
    {
        IReadOnlyList<string> files = ReferenceFolder.Files(Folder);
        ReferenceFolder.RequireCases(Folder, files, "files");
        string[] parts = ["init", "batches", "step0"];
        foreach (string path in files.Where(f => !IsAverageRule(f)))
        {
            string[] name = Path.GetFileName(path).Split('.');
            Assert.True(name.Length == 3, $"'{path}' is not RUN.PART.safetensors");
            bool weights = (name[1].StartsWith("param", StringComparison.Ordinal) || name[1].StartsWith("ema", StringComparison.Ordinal))
                && name[1].Any(char.IsDigit);
            Assert.True(parts.Contains(name[1]) || weights, $"'{path}' is read by no case");
            Assert.Contains(Path.Combine(Path.GetDirectoryName(path)!, name[0]), Runs());
        }
    }

    private static bool IsAverageRule(string path) => Path.GetFileName(path).Split('.').Length == 2;

    /// <summary>Each run by the beginning of its files' paths.</summary>
    private static string[] Runs() =>
        [.. ReferenceFolder.Files(Folder, "*.init.safetensors").Select(f => f[..^".init.safetensors".Length])];

    private static string? FileOf(string run, string part) => File.Exists($"{run}.{part}.safetensors") ? $"{run}.{part}.safetensors" : null;

    private static void CheckRun(string run)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using SafetensorsFile batches = SafetensorsFile.Open(FileOf(run, "batches")!);
        JsonElement config = batches.Config();
        using SiT network = TestBackbone.Load(FileOf(run, "init")!, config, torch.float32);
        network.train();
        TrainingOptions options = Options(config);
        IReadOnlyList<LossTerm> lossTerms = options.TermsFor(network.Options, batches.Contains("batch0.z"));
        TrainingLoss loss = new(options.CreateTransport(), lossTerms);
        using FlatParameters parameters = new(network.TrainableParameters());
        using FlatAdamW optimizer = new(
            parameters, new AdamWSettings(options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay), options.MaxGradientNorm);
        Dictionary<string, torch.Tensor> smallGradient = [];
        int steps = config.GetProperty("steps").GetInt32();
        for (int step = 0; step < steps; step++)
        {
            parameters.ZeroGradients();
            torch.Tensor condition = torch.nn.functional.normalize(batches.Read($"batch{step}.c_raw"), 2, 1, 1e-12);
            ReferenceFolder.Close(condition, batches.Read($"batch{step}.c"), 1e-6, 0, $"{run} snippets of step {step}");
            StepDraws draws = new(
                batches.Read($"batch{step}.x1"),
                batches.Read($"batch{step}.x0"),
                batches.Read($"batch{step}.t"),
                [condition],
                batches.Contains($"batch{step}.z") ? batches.Read($"batch{step}.z") : null);
            (torch.Tensor total, torch.Tensor values) = loss.Compute(network, draws);
            Dictionary<string, torch.Tensor> terms = lossTerms.Select((t, i) => (t.Name, Value: values[i + 1]))
                .ToDictionary(t => t.Name, t => t.Value);
            terms.Add("total", values[0]);
            total.backward();
            if (FileOf(run, "step0") is { } detail)
            {
                CheckStep(run, detail, step, terms, parameters, network, options);
            }

            CollectSmallGradients(network, smallGradient);
            optimizer.Update(options.LearningRate, options.EmaDecay).Dispose();
            CheckWeights(run, $"param{step + 1}", network, smallGradient, (step + 1) * options.LearningRate);
            CheckAverage(run, $"ema{step + 1}", parameters, network, optimizer.Average);
        }
    }

    private static TrainingOptions Options(JsonElement config) => new()
    {
        LearningRate = config.GetProperty("lr").GetDouble(),
        Beta1 = config.GetProperty("betas")[0].GetDouble(),
        Beta2 = config.GetProperty("betas")[1].GetDouble(),
        Epsilon = config.GetProperty("eps").GetDouble(),
        WeightDecay = config.GetProperty("weight_decay").GetDouble(),
        MaxGradientNorm = config.GetProperty("max_grad_norm").GetDouble(),
        EmaDecay = config.GetProperty("ema_decay").GetDouble(),
        EmaWarmUp = false,
        Path = Enum.Parse<InterpolantKind>(config.GetProperty("path_type").GetString()!, ignoreCase: true),
        Prediction = Enum.Parse<PredictionTarget>(config.GetProperty("prediction").GetString()!, ignoreCase: true),
        Losses =
        [
            new VelocityLoss(),
            new CosineLoss(config.GetProperty("use_cosine_loss").GetBoolean() ? 1 : 0),
            new ProjectionLoss(config.GetProperty("proj_loss_weight").GetDouble()),
        ],
    };

    private static void CheckStep(
        string run,
        string path, int step, Dictionary<string, torch.Tensor> terms, FlatParameters parameters, SiT network, TrainingOptions options)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        torch.Tensor norm = parameters.GradientNorm();
        torch.Tensor log = file.Read("logs_f64")[step];
        string[] columns = [.. file.Config("logs_columns").EnumerateArray().Select(c => c.GetString()!)];
        for (int column = 0; column < columns.Length; column++)
        {
            torch.Tensor? actual = columns[column] switch
            {
                "total" => terms["total"],
                "mse" => terms["velocity"],
                "cos" => terms["cosine"],
                "proj" => terms["projection"],
                "grad_norm_before_clip" => norm,
                string other => throw new InvalidDataException($"column {other}"),
            };
            // Both cosine terms are means of numbers up to 1 in size, which may cancel: float32 cannot know the mean better than its
            // rounding of 1.
            double rounding = columns[column] is "cos" or "proj" ? 1.2e-7 : 0;
            ReferenceFolder.Close(actual!, log[column], rounding, 1e-5, $"{run} step {step} {columns[column]}");
        }

        if (step > 0)
        {
            return;
        }

        foreach ((string name, Parameter parameter) in network.TrainableParameters())
        {
            ReferenceFolder.Close(parameter.grad!, file.Read($"grad_f64.{name}"), 2e-6, 1e-4, $"{run} gradient of {name}");
        }

        int compared = file.Entries.Count(e => e.Name.StartsWith("grad.", StringComparison.Ordinal));
        Assert.Equal(compared, network.TrainableParameters().Count());
        if (file.Contains("step0.clipped_grad_norm"))
        {
            double clipped = Math.Min(norm.item<float>(), options.MaxGradientNorm);
            ReferenceFolder.Close(torch.tensor(clipped), file.Read("step0.clipped_grad_norm"), 2e-6, 1e-5, $"{run} clipped gradient norm");
        }
    }

    /// <summary>Where a gradient was ever almost zero, Adam turns its rounding noise into steps of up to the learning rate.</summary>
    private static void CollectSmallGradients(SiT network, Dictionary<string, torch.Tensor> small)
    {
        foreach ((string name, Parameter parameter) in network.TrainableParameters())
        {
            torch.Tensor now = parameter.grad!.abs().IsAtMost(1e-5);
            small[name] = small.TryGetValue(name, out torch.Tensor? before) ? before.logical_or(now) : now;
        }
    }

    private static void CheckWeights(string run, string part, SiT network, Dictionary<string, torch.Tensor> small, double allowance)
    {
        if (FileOf(run, part) is not { } path)
        {
            return;
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach ((string name, Parameter parameter) in network.TrainableParameters())
        {
            torch.Tensor difference = (parameter.detach() - file.Read(name)).abs();
            torch.Tensor tolerance = torch.where(small[name], torch.tensor((float)allowance), torch.tensor(2e-6f));
            Assert.True(
                (difference <= tolerance).all().item<bool>(), $"{run} {part} {name} differs by up to {difference.max().item<float>():g3}");
        }
    }

    private static void CheckAverage(string run, string part, FlatParameters parameters, SiT network, torch.Tensor average)
    {
        if (FileOf(run, part) is not { } path)
        {
            return;
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        torch.Tensor expected = torch.cat([.. network.TrainableParameters().Select(p => file.Read(p.Name).reshape(-1))]);
        Assert.Equal(parameters.Count, expected.numel());
        ReferenceFolder.Close(average, expected, 5e-7, 0, $"{run} {part}");
    }

    private static void CheckAverageRule(string path)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(path);
        string[] names =
            [.. file.Entries.Where(e => e.Name.StartsWith("ema0.", StringComparison.Ordinal)).Select(e => e.Name["ema0.".Length..])];
        int updates = file.Config().GetProperty("updates").GetInt32();
        foreach (JsonElement element in file.Config().GetProperty("decays").EnumerateArray())
        {
            Parameter[] live = [.. names.Select(n => new Parameter(file.Read($"{AverageRulePrefix}0.{n}")))];
            using FlatParameters flat = new(names.Zip(live));
            using FlatAdamW optimizer = new(flat, new AdamWSettings(0.9, 0.95, 1e-8, 0), 1);
            using IDisposable noGrad = torch.no_grad();
            for (int i = 0; i < updates; i++)
            {
                // No gradient and no decay: the weights stay what the file says, only the average moves.
                for (int k = 0; k < names.Length; k++)
                {
                    _ = live[k].copy_(file.Read($"live{i}.{names[k]}"));
                }

                optimizer.Update(1e-3, element.GetDouble()).Dispose();
                string after = $"decay{element.GetRawText()}.after{i + 1}.";
                if (file.Entries.Any(e => e.Name.StartsWith(after, StringComparison.Ordinal)))
                {
                    torch.Tensor expected = torch.cat([.. names.Select(n => file.Read(after + n).reshape(-1))]);
                    ReferenceFolder.Close(optimizer.Average, expected, 1e-6, 0, after);
                }
            }
        }
    }
}
