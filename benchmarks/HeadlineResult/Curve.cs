namespace HeadlineResult;

/// <summary>A contestant's way through its training.</summary>
internal sealed record Curve(string Name, bool HasMemory, int Seed, double EncoderSeconds, IReadOnlyList<Stage> Stages)
{
    public double Final => Stages[^1].Own.Frechet;

    /// <summary>The first stage at or below a distance, or null.</summary>
    public Stage? Reaches(double distance) => Stages.FirstOrDefault(s => s.Own.Frechet <= distance);

    /// <summary>The first stage whose images from held-out snippets are at or below a distance, or null.</summary>
    public Stage? ReachesHeldOut(double distance) => Stages.FirstOrDefault(s => s.HeldOut?.Frechet <= distance);
}
