using HeadlineResult.Runs;

namespace HeadlineResult.Judging;

/// <summary>What a judge says of some of a stage's images.</summary>
/// <param name="Snippets"><c>own</c> for the bank's (or no snippets), <c>held-out</c> for those of test images.</param>
/// <param name="Samples">How many; figures of different numbers are not comparable.</param>
/// <param name="Distance">Frechet distance to the reference.</param>
/// <param name="Precision">Share of samples within the real ones.</param>
/// <param name="Recall">Share of real ones within the samples.</param>
/// <param name="Copies">Share of samples that are copies of training images, as of <see cref="CopyJudge"/>.</param>
internal sealed record StageVerdict(string Snippets, int Samples, double Distance, double Precision, double Recall, double Copies);

/// <summary>A stage of a run as judged.</summary>
internal sealed record JudgedStage(int Step, double ProcessorSeconds, IReadOnlyList<StageVerdict> Verdicts);

/// <summary>What to compare a distance with: real images below, pictures of nothing above.</summary>
/// <param name="Accuracy">Of the classifier whose features are used, on test images; null for other features.</param>
/// <param name="Real">As many real images, of the other half of the test images.</param>
/// <param name="RealFew">The same for the smaller number of samples.</param>
/// <param name="Noise">Pixels drawn at random.</param>
/// <param name="MeanImage">The mean of the training images, again and again.</param>
/// <param name="CopiesAmongReal">Share of the other half's images that are taken for copies; 1 % by construction in the reference.</param>
/// <param name="CopiesAmongNoise">The same of pixels drawn at random.</param>
internal sealed record JudgeScale(
    double? Accuracy, double Real, double RealFew, double Noise, double MeanImage, double CopiesAmongReal, double CopiesAmongNoise);

/// <summary>A judged run, as written into a file.</summary>
internal sealed record JudgedRun(
    RunPlan Plan,
    string Features,
    string ReferenceHalf,
    string Sampler,
    JudgeScale Scale,
    double EncoderSeconds,
    IReadOnlyList<JudgedStage> Stages)
{
    /// <summary>The verdicts on so many samples, as a curve; without stages where there are none of such snippets.</summary>
    public Curve ToCurve(string snippets, int samples) => new(
        Plan.Name,
        Plan.Encoder is not null,
        Plan.Seed,
        EncoderSeconds,
        [
            .. from stage in Stages
               from verdict in stage.Verdicts
               where verdict.Snippets == snippets && verdict.Samples == samples
               select new Stage(stage.Step, stage.ProcessorSeconds, new Verdict(verdict.Distance, double.NaN, verdict.Copies), null),
        ]);
}
