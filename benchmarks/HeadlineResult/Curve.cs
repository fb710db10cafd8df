namespace HeadlineResult;

/// <summary>A contestant's way through its training.</summary>
internal sealed record Curve(string Name, bool HasMemory, int Seed, double EncoderSeconds, IReadOnlyList<Stage> Stages)
{
    public double Final => Stages[^1].Own.Frechet;

    /// <summary>The first stage at or below a distance, or null.</summary>
    public Stage? Reaches(double distance) => Stages.FirstOrDefault(s => s.Own.Frechet <= distance);

    /// <summary>The first stage whose images from held-out snippets are at or below a distance, or null.</summary>
    public Stage? ReachesHeldOut(double distance) => Stages.FirstOrDefault(s => s.HeldOut?.Frechet <= distance);

    /// <summary>
    /// How far its training is when it is at a distance, if the distance's logarithm falls evenly between two judgements.
    /// </summary>
    /// <param name="distance">The distance.</param>
    /// <param name="measure">What is asked for: steps, or seconds.</param>
    /// <returns>Null if it is never at that distance, or is below it from the first judgement on.</returns>
    public double? Crosses(double distance, Func<Stage, double> measure)
    {
        for (int i = 1; i < Stages.Count; i++)
        {
            (Stage before, Stage after) = (Stages[i - 1], Stages[i]);
            if (before.Own.Frechet > distance && after.Own.Frechet <= distance)
            {
                double share = Math.Log(before.Own.Frechet / distance) / Math.Log(before.Own.Frechet / after.Own.Frechet);
                return measure(before) + ((measure(after) - measure(before)) * share);
            }
        }

        return null;
    }
}
