using System.Globalization;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

/// <summary>
/// No growth while training and generating. Short here; the long form, 5,000 steps and 2,000 batches, is
/// <c>GMEM_SOAK_STEPS=5000 GMEM_SOAK_BATCHES=2000</c> (docs/training.md).
/// </summary>
public sealed class SoakTests
{
    private const int Windows = 4;

    private static readonly int Steps = Setting("GMEM_SOAK_STEPS", 200);
    private static readonly int Batches = Setting("GMEM_SOAK_BATCHES", 40);

    [Fact]
    public void Fit_ManySteps_LiveTensorsAndResidentMemoryStayFlat()
    {
        List<long> tensors = [];
        List<long> resident = [];
        ProgressList progress = new()
        {
            OnReport = report =>
            {
                // The interim report after the first step comes before all is made that lives as long as the run.
                if (!report.IsInterim)
                {
                    tensors.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
                    resident.Add(report.ResidentMemory);
                }
            },
        };
        using TemporaryFolder folder = new();
        GMemOptions options = TinyModel.Options(Steps);
        options.WorkspacePath = folder.Path;
        options.Training.LogEveryNStep = Math.Max(1, Steps / 100);
        options.Training.CheckpointEvery = Steps / 10;
        options.Training.SampleEveryNStep = Steps / 4;
        options.Training.ValidationFraction = 0.25;
        options.Training.ValidateEveryNStep = Steps / 8;
        TinyModel.Train(options, progress).Dispose();

        Assert.True(tensors.Distinct().Count() == 1, string.Join(' ', tensors));
        CheckResident(resident, "training");
    }

    [Fact]
    public void Generate_ManyBatches_LiveTensorsAndResidentMemoryStayFlat()
    {
        using GMemModel model = TinyModel.Train();
        List<long> tensors = [];
        List<long> resident = [];
        for (int i = 0; i < Batches; i++)
        {
            _ = TinyModel.Generate(model, new GenerationRequest(2 * i), new GenerationRequest((2 * i) + 1));
            tensors.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            resident.Add(Environment.WorkingSet);
        }

        Assert.Single(tensors.Distinct());
        CheckResident(resident, "generation");
    }

    [Fact]
    public async Task Generate_FromEightThreads_SameImagesAsFromOne()
    {
        using GMemModel model = TinyModel.Train();
        GenerationRequest[] requests = [.. Enumerable.Range(0, 24).Select(seed => new GenerationRequest(seed))];
        byte[][] alone = [.. requests.Select(r => TinyModel.Generate(model, r)[0])];
        byte[][][] together = await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
            requests.Select((_, i) => TinyModel.Generate(model, requests[(i + (3 * thread)) % requests.Length])[0]).ToArray())));
        for (int thread = 0; thread < 8; thread++)
        {
            Assert.Equal(requests.Select((_, i) => alone[(i + (3 * thread)) % requests.Length]), together[thread]);
        }
    }

    /// <summary>
    /// Medians of windows after the first, which warms up. The 1 % holds for the long form: in the short one other tests of the process
    /// allocate beside it.
    /// </summary>
    private static void CheckResident(List<long> samples, string what)
    {
        long[] medians = [.. samples.Chunk(Math.Max(1, samples.Count / Windows)).Take(Windows).Select(
            window => window.Order().ElementAt(window.Length / 2))];
        double growth = ((double)medians[^1] / medians[1]) - 1;
        TestContext.Current.SendDiagnosticMessage(
            string.Create(CultureInfo.InvariantCulture, $"{what}: resident memory grew by {growth:p2} from the second to the last window"));
        if (Environment.GetEnvironmentVariable("GMEM_SOAK_STEPS") is not null)
        {
            Assert.True(growth < 0.01, $"{what}: resident memory grew by {growth:p2}: {string.Join(", ", medians)}");
        }
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
