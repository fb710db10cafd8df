using System.Globalization;
using System.Text;
using GMem;
using GMem.Encoders;
using TorchSharp;

namespace HeadlineResult;

/// <summary>What each setting changes: one training for each, all else as in the protocol, judged at its end.</summary>
internal sealed class SettingsTable(ImageData data, Judge judge, Protocol protocol)
{
    private const int SeedsOfDefault = 2;

    private readonly List<string> _rows = [];

    public void Run()
    {
        Contestant usual = Contestant.WithMemory("pca", protocol);
        for (int seed = 1; seed <= SeedsOfDefault; seed++)
        {
            Measure($"as in the headline, seed {seed}", usual, seed, seed == 1 ? Generations : null);
        }

        foreach (Setting setting in Setting.All(protocol))
        {
            Measure(setting.Name, setting.Contestant, 1, setting.Name.StartsWith("snippet dropout 0.4", StringComparison.Ordinal) ? Guidance : null);
        }

        Write();
    }

    private void Measure(string name, Contestant contestant, int seed, Action<string, GMemModel>? more)
    {
        using SnippetEncoder encoder = contestant.Encoder!(data.Training, seed);
        string workspace = Directory.CreateTempSubdirectory("gmem-settings-").FullName;
        try
        {
            TimeSpan start = Race.ProcessorTime;
            using GMemModel model = Race.Train(contestant, encoder, data, protocol, seed, protocol.Steps, workspace);
            double seconds = (Race.ProcessorTime - start).TotalSeconds;
            Add(name, judge.Look(model, entriesAreTrainingImages: true), seconds);
            more?.Invoke(name, model);
        }
        finally
        {
            Directory.Delete(workspace, recursive: true);
        }
    }

    /// <summary>What changes only how images are made, with one trained model.</summary>
    private void Generations(string name, GMemModel model)
    {
        Guidance(name, model);
        foreach (int count in new[] { 5000, 500, 50 })
        {
            using GMemModel smaller = model.WithMemory(model.Memory.KeepRandom(count, seed: 1));
            Add($"{name}, {count:N0} entries of the bank kept", judge.Look(smaller, entriesAreTrainingImages: false));
        }
    }

    private void Guidance(string name, GMemModel model)
    {
        foreach (double scale in new[] { 1.25, 1.5, 2 })
        {
            using GMemModel guided = model.WithSampling(new GMem.Sampling.SamplingOptions { Steps = protocol.Sampling.Steps, GuidanceScale = scale });
            Add($"{name}, guidance {scale}", judge.Look(guided, entriesAreTrainingImages: true));
        }
    }

    private void Add(string name, Verdict own, double? seconds = null)
    {
        string row = string.Create(CultureInfo.InvariantCulture, $"| {name} | {own.Frechet:f3} | {100 * own.Copies:f1} % | {seconds:f0} |");
        Console.WriteLine(row);
        _rows.Add(row);
    }

    private void Write()
    {
        StringBuilder text = new();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"# What each setting changes");
        Line($"");
        Line($"Written by `dotnet run -c Release --project benchmarks/HeadlineResult -- --part settings --steps {protocol.Steps} --samples {protocol.Samples}`: GMem with principal components (`pca`), {protocol}, snippet dropout {protocol.SnippetDropout}.");
        Line($"Each row is one training that differs in what it names, or one of these generating otherwise. Distances as in [results.md](results.md), but of {protocol.Samples:N0} images; real images have {judge.Floor:f3}. The first rows say how much is chance.");
        Line($"");
        Line($"| setting | distance | copies | training, processor s |");
        Line($"| --- | --- | --- | --- |");
        _rows.ForEach(row => text.AppendLine(row));
        Line($"");
        Line($"{ResultsPage.Machine()}");
        File.WriteAllText(Path.Combine(protocol.Output, "settings.md"), text.ToString());
    }
}
