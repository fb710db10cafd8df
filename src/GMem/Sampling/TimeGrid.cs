namespace GMem.Sampling;

/// <summary>The times at which a solver stops.</summary>
internal static class TimeGrid
{
    /// <summary>
    /// steps + 1 times from start to end, evenly spaced; with a shift s above 0 each t becomes s t / (1 + (s - 1) t), which for s below 1
    /// puts more of them near the noise.
    /// </summary>
    public static double[] Create(double start, double end, int steps, double shift)
    {
        double[] times = new double[steps + 1];
        for (int i = 0; i <= steps; i++)
        {
            double t = i == steps ? end : start + ((end - start) * i / steps);
            times[i] = shift > 0 ? shift * t / (1 + ((shift - 1) * t)) : t;
        }

        return times;
    }

    public static void Check(int steps, double shift)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (!(shift >= 0 && double.IsFinite(shift)))
        {
            throw new ArgumentOutOfRangeException(nameof(shift), shift, "The timestep shift must be finite and above 0, or 0 for none; 0.3 is the public GMem setting.");
        }
    }
}
