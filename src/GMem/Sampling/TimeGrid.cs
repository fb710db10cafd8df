namespace GMem.Sampling;

/// <summary>The times at which a solver stops.</summary>
internal static class TimeGrid
{
    /// <summary>
    /// steps + 1 times from start to end, evenly spaced. A shift s above 0 moves those between the ends: of its share u of the interval
    /// (counted from the noise) each keeps s u / (1 + (s - 1) u), so that for s below 1 there are more near the noise. On [0, 1] that is
    /// the public code's formula; it shifts the ends of other intervals too, which would take a last step away from the data.
    /// </summary>
    public static double[] Create(double start, double end, int steps, double shift)
    {
        double low = Math.Min(start, end), width = Math.Abs(end - start);
        double[] times = new double[steps + 1];
        for (int i = 1; i < steps; i++)
        {
            double t = start + ((end - start) * i / steps);
            double share = (t - low) / width;
            times[i] = shift > 0 ? low + (width * shift * share / (1 + ((shift - 1) * share))) : t;
        }

        (times[0], times[steps]) = (start, end);
        return times;
    }

    /// <summary>What is left of a rising grid from a time on: that time, kept within the grid, and the later ones.</summary>
    /// <returns>The times, and how many steps were left out; of one that is begun in the middle, the rest is taken.</returns>
    public static (double[] Times, int Skipped) From(double[] grid, double time)
    {
        double start = Math.Clamp(time, grid[0], grid[^1]);
        double[] later = [.. grid.Where(t => t > start)];
        return ([start, .. later], grid.Length - 1 - later.Length);
    }

    public static void Check(int steps, double shift)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (!(shift >= 0 && double.IsFinite(shift)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(shift), shift, "The timestep shift must be finite and above 0, or 0 for none; 0.3 is the public GMem setting.");
        }
    }
}
