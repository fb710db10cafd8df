namespace HeadlineResult;

/// <summary>What the judge says of one model.</summary>
/// <param name="Frechet">Frechet distance to the reference; lower is better.</param>
/// <param name="Kernel">Kernel distance to it.</param>
/// <param name="Copies">Share of images nearer to their training image than that is to its neighbour.</param>
internal sealed record Verdict(double Frechet, double Kernel, double Copies);

/// <summary>A contestant at one stage of its training.</summary>
/// <param name="Step">Steps so far.</param>
/// <param name="Seconds">Training time so far.</param>
/// <param name="Own">Its images.</param>
/// <param name="HeldOut">Its images from held-out snippets; null without memory.</param>
internal sealed record Stage(int Step, double Seconds, Verdict Own, Verdict? HeldOut);

/// <summary>A contestant's way through its training.</summary>
internal sealed record Curve(string Name, bool HasMemory, int Seed, double EncoderSeconds, IReadOnlyList<Stage> Stages)
{
    public double Final => Stages[^1].Own.Frechet;

    /// <summary>The first stage at or below a distance, or null.</summary>
    public Stage? Reaches(double distance) => Stages.FirstOrDefault(s => s.Own.Frechet <= distance);

    /// <summary>The first stage whose images from held-out snippets are at or below a distance, or null.</summary>
    public Stage? ReachesHeldOut(double distance) => Stages.FirstOrDefault(s => s.HeldOut?.Frechet <= distance);
}
