using System.Globalization;
using GMem;
using GMem.Encoders;

namespace HeadlineResult;

/// <summary>What each setting changes: one training for each, all else as in the protocol, judged at its end.</summary>
internal sealed class SettingsTable(ImageData data, Judge judge, Protocol protocol)
{
    private const int SeedsOfDefault = 2;

    private readonly List<string> _rows = [];

    /// <summary>Only what a trained model can do otherwise, without the page.</summary>
    public void RunNovelty() => Measure(Settings.Usual(protocol), 1, Novelty);

    public void Run()
    {
        for (int seed = 1; seed <= SeedsOfDefault; seed++)
        {
            Measure(Settings.Usual(protocol) with { Name = $"as in the headline, seed {seed}" }, seed, seed == 1 ? Generations : null);
        }

        Measure(Settings.PublicDropout(protocol), 1, Guidance);
        foreach (Contestant other in Settings.Others(protocol))
        {
            Measure(other, 1, null);
        }

        Write();
    }

    private void Measure(Contestant contestant, int seed, Action<string, GMemModel>? more)
    {
        using SnippetEncoder encoder = contestant.Encoder!(data.Training, seed);
        TimeSpan start = Race.ProcessorTime;
        using GMemModel model = Race.Train(contestant, encoder, data, protocol, seed, protocol.Steps);
        double seconds = (Race.ProcessorTime - start).TotalSeconds;
        Add(contestant.Name, judge.Look(model, entriesAreTrainingImages: true), seconds);
        more?.Invoke(contestant.Name, model);
    }

    /// <summary>What changes only how images are made, with one trained model.</summary>
    private void Generations(string name, GMemModel model)
    {
        Guidance(name, model);
        Novelty(name, model);
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
            using GMemModel guided = model.WithSampling(
                new GMem.Sampling.SamplingOptions { Steps = protocol.Sampling.Steps, GuidanceScale = scale });
            Add($"{name}, guidance {scale}", judge.Look(guided, entriesAreTrainingImages: true));
        }
    }

    /// <summary>A turned snippet is no training image's, so a copy of any of them counts.</summary>
    private void Novelty(string name, GMemModel model)
    {
        (double, int)[] strengths = [(1.0, 0), (0.95, 0), (0.9, 0), (0.8, 0), (0.7, 0), (0.5, 0), (0.8, 8), (0.5, 8)];
        foreach ((double cosine, int neighbours) in strengths)
        {
            using GMemModel turned = model.WithSampling(new GMem.Sampling.SamplingOptions
            {
                Steps = protocol.Sampling.Steps,
                Novelty = new GMem.Sampling.SnippetNovelty { Cosine = cosine, Neighbours = neighbours },
            });
            string how = neighbours == 0 ? "in a random direction" : $"towards one of {neighbours} neighbours, at most half way";
            Add($"{name}, snippets turned to a cosine of {cosine} {how}", judge.Look(turned, entriesAreTrainingImages: false));
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
        MarkdownPage page = new();
        page.Line($"# What each setting changes");
        page.Line($"");
        page.Line(
            $"Written by `dotnet run -c Release --project benchmarks/HeadlineResult -- --part settings --steps {protocol.Steps} ",
            $"--samples {protocol.Samples}`: GMem with principal components (`pca`), {protocol}, snippet dropout ",
            $"{protocol.SnippetDropout}.");
        page.Line(
            $"Each row is one training that differs in what it names, or one of these generating otherwise. Distances as in ",
            $"[results.md](results.md), but of {protocol.Samples:N0} images; real images have {judge.Floor:f3}. The first rows say ",
            $"how much is chance.");
        page.Line($"");
        page.Line($"| setting | distance | copies | training, processor s |");
        page.Line($"| --- | --- | --- | --- |");
        _rows.ForEach(row => page.Line($"{row}"));
        page.Line($"");
        page.Line($"{MarkdownPage.Machine()}");
        page.Write(Path.Combine(protocol.Output, "settings.md"));
    }
}
