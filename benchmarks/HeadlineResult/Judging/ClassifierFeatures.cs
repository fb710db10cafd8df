using System.Globalization;
using GMem.Evaluation;
using GMem.FileFormats;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>What a classifier of CIFAR-10 sees on a picture: the features of its last two blocks. Trained once and kept.</summary>
internal sealed class ClassifierFeatures : FeatureExtractor
{
    private const string AccuracyKey = "accuracy";

    private readonly ClassifierNetwork _network;

    private ClassifierFeatures(ClassifierNetwork network, double accuracy) => (_network, Accuracy) = (network, accuracy);

    /// <summary>Share of test images whose class it names from them and their mirror images.</summary>
    public double Accuracy { get; }

    public override string Name => "last two blocks of a CIFAR-10 classifier at 32 x 32, standardised";

    public override int Dimension => ClassifierNetwork.FeatureCount;

    /// <summary>Reads the classifier, or trains and writes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="data">What it is trained and tested on.</param>
    /// <param name="epochs">Passes over the training images.</param>
    /// <param name="log">Told how training goes.</param>
    public static ClassifierFeatures Get(string path, JudgeData data, int epochs, Action<string> log)
    {
        if (File.Exists(path))
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            ClassifierNetwork stored = new();
            StateDict.Load(stored, file);
            stored.eval();
            return new ClassifierFeatures(stored, double.Parse(file.Metadata[AccuracyKey], CultureInfo.InvariantCulture));
        }

        ClassifierNetwork network = new ClassifierTraining(data.Training, data.TrainingLabels, epochs).Run(log);
        double accuracy = AccuracyOf(network, data);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Dictionary<string, string> metadata = new() { [AccuracyKey] = accuracy.ToString("r", CultureInfo.InvariantCulture) };
        SafetensorsWriter.Write(path, network.state_dict(), metadata);
        return new ClassifierFeatures(network, accuracy);
    }

    public override torch.Tensor Extract(torch.Tensor images)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        return _network.See(ClassifierNetwork.Scaled(images)).Features.MoveToOuterDisposeScope();
    }

    protected override void Dispose(bool disposing) => _network.Dispose();

    private static double AccuracyOf(ClassifierNetwork network, JudgeData data)
    {
        const int Batch = 250;
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        long right = 0;
        for (long start = 0; start < data.Test.shape[0]; start += Batch)
        {
            using DisposeScope inner = torch.NewDisposeScope();
            long count = Math.Min(Batch, data.Test.shape[0] - start);
            torch.Tensor named = network.See(ClassifierNetwork.Scaled(data.Test.narrow(0, start, count))).Logits.argmax(1);
            right += named.eq(data.TestLabels.narrow(0, start, count)).sum().item<long>();
        }

        return (double)right / data.Test.shape[0];
    }
}
