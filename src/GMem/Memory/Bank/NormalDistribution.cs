namespace GMem.Memory;

/// <summary>The distribution function of the standard normal, to double accuracy.</summary>
internal static class NormalDistribution
{
    private const double SeriesLimit = 2;

    /// <summary>The share of a standard normal below <paramref name="z"/>, in [0, 1].</summary>
    public static double Cumulative(double z) => z <= 0 ? 0.5 * Erfc(-z / Math.Sqrt(2)) : 1 - (0.5 * Erfc(z / Math.Sqrt(2)));

    /// <summary>The share of the standard normal below a number, in [0, 1).</summary>
    public static double Uniform(double standardNormal) => Math.Min(Cumulative(standardNormal), Math.BitDecrement(1));

    /// <summary>The complementary error function of x at least 0.</summary>
    private static double Erfc(double x)
    {
        if (x > 27)
        {
            // Below the smallest double.
            return 0;
        }

        return x < SeriesLimit ? 1 - ErfSeries(x) : ErfcFraction(x);
    }

    /// <summary>erf(x) = 2 / sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n+1) / (2n+1)!!; all terms are positive, so none cancel.</summary>
    private static double ErfSeries(double x)
    {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    /// <summary>erfc(x) = exp(-x^2) / sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), from the inside out.</summary>
    private static double ErfcFraction(double x)
    {
        // Enough for 16 digits from x = 2 on.
        const int Depth = 120;
        double tail = x;
        for (int n = Depth; n >= 1; n--)
        {
            tail = x + (n / 2.0 / tail);
        }

        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / tail;
    }
}
