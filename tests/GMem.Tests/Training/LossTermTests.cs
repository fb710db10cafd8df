using GMem.Tests.Shared;
using GMem.Training;
using GMem.Transport;
using TorchSharp;

namespace GMem.Tests.Training;

public sealed class LossTermTests
{
    [Theory]
    [InlineData("Total")]
    [InlineData("")]
    [InlineData("total")]
    [InlineData("validation_x")]
    [InlineData("a,b")]
    [InlineData("1st")]
    public void Validate_NameThatFilesCannotHold_NamesTheTerm(string name) =>
        Refused([new VelocityLoss(), new Constant(name)], $"The name of Losses '{name}' is '{name}', it must be lower-case letters");

    [Fact]
    public void Validate_Faults_NameTheTerm()
    {
        Refused([new VelocityLoss(), new Constant("a", double.NaN)], "The weight of Losses 'a' is NaN, it must be finite");
        Refused([new Constant("a", double.PositiveInfinity)], "The weight of Losses 'a' is Infinity, it must be finite");
        Refused([new VelocityLoss(), new Constant("a"), new Constant("a")], "Losses 'a' is listed more than once, it must be there once");
        Refused([], "Losses is [], it must be a list of terms");
        Refused([new VelocityLoss(0)], "Losses is [velocity], it must be a list of terms");
        Refused([null!], "Losses is [null], it must be a list of terms");
        Refused(null!, "Losses is null, it must be a list of terms");
    }

    [Fact]
    public void Validate_CosineOfNoise_IsRefusedUnlessItsWeightIsZero()
    {
        TrainingOptions options = new() { Prediction = PredictionTarget.Noise, Losses = [new VelocityLoss(), new CosineLoss()] };
        string message = Assert.Throws<ArgumentException>(options.Validate).Message;
        Assert.Contains("Losses 'cosine' is computed for Prediction = Noise", message, StringComparison.Ordinal);
        options.Losses = [new VelocityLoss(), new CosineLoss(0)];
        options.Validate();
    }

    [Fact]
    public void Fit_OneTermOfAnotherWeight_ScalesTheTotal()
    {
        ProgressList progress = new();
        GMemOptions options = TinyModel.Options(steps: 2);
        options.Training.Losses = [new VelocityLoss(2), new Constant("a", 3), new CosineLoss(0)];
        TinyModel.Train(options, progress).Dispose();
        Assert.All(progress.Reports, r => Assert.Equal((2 * r.LossOf("velocity")!.Value) + 3, r.Loss, 1e-5));
        Assert.All(
            progress.Reports, r => Assert.Equal((2, null, null), (r.LossTerms.Count, r.LossOf("cosine"), r.ValidationLossOf("velocity"))));
    }

    [Fact]
    public void Fit_TermThatIsNoScalar_NamesIt()
    {
        GMemOptions options = TinyModel.Options(steps: 2);
        options.Training.Losses = [new VelocityLoss(), new Constant("wide", count: 3)];
        string message = Assert.Throws<InvalidOperationException>(() => TinyModel.Train(options)).Message;
        Assert.Contains("The loss term 'wide' gave Float32 [3]; a term is a float32 scalar", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_NoTermThatApplies_SaysWhatToAdd()
    {
        GMemOptions options = TinyModel.Options(steps: 2);
        options.Training.Losses = [new ProjectionLoss()];
        string message = Assert.Throws<ArgumentException>(() => TinyModel.Train(options)).Message;
        Assert.Contains("None of the loss terms (projection) applies", message, StringComparison.Ordinal);
    }

    private static void Refused(IReadOnlyList<LossTerm> losses, string part)
    {
        string message = Assert.Throws<ArgumentException>(new TrainingOptions { Losses = losses }.Validate).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
    }

    private sealed class Constant(string name, double weight = 1, int count = 0) : LossTerm(name, weight)
    {
        public override torch.Tensor Compute(LossInput input) => count == 0 ? torch.ones([]) : torch.ones(count);
    }
}
