namespace GMem.Training;

/// <summary>The mathematics of power-function averages (Karras et al., arXiv 2312.02696, section 3 and appendix C).</summary>
/// <param name="Exponent">gamma, above -1/2; larger is a narrower average.</param>
/// <param name="Step">t, the steps after which it was taken, at least 1.</param>
/// <remarks>
/// The weights of step s enter the average at step t with the density <c>(gamma + 1) s^gamma / t^(gamma + 1)</c> on [0, t].
/// </remarks>
internal readonly record struct PowerProfile(double Exponent, double Step)
{
    /// <summary>Decay at a step: <c>(1 - 1/t)^(gamma + 1)</c>.</summary>
    public static double Decay(double exponent, long step) => Math.Pow(1 - (1.0 / step), exponent + 1);

    /// <summary>Standard deviation of the density over t: <c>sqrt(gamma + 1) / ((gamma + 2) sqrt(gamma + 3))</c>.</summary>
    public static double WidthOf(double exponent) => Math.Sqrt(exponent + 1) / ((exponent + 2) * Math.Sqrt(exponent + 3));

    /// <summary>The exponent of a relative width in (0, 0.28]; the width falls as the exponent grows, so bisection finds it.</summary>
    public static double ExponentOf(double width)
    {
        double low = 0, high = 1;
        while (WidthOf(high) > width)
        {
            high *= 2;
        }

        for (int i = 0; i < 100; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = WidthOf(middle) > width ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    /// <summary>The integral of the product of two densities.</summary>
    public double Dot(PowerProfile other)
    {
        double sum = Exponent + other.Exponent + 1;
        double ratio = Math.Min(Step, other.Step) / Math.Max(Step, other.Step);
        double lateExponent = Step <= other.Step ? other.Exponent : Exponent;
        return (Exponent + 1) * (other.Exponent + 1) / (sum * Math.Max(Step, other.Step)) * Math.Pow(ratio, lateExponent);
    }
}
