namespace GMem.Memory;

/// <summary>Validates sampling weights.</summary>
internal static class SamplingWeights
{
    /// <summary>The fault in the weights, or null.</summary>
    public static string? Fault(ReadOnlySpan<double> weights)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (!(weights[i] >= 0) || double.IsInfinity(weights[i]))
            {
                return $"sampling weight {i} is {weights[i]}; it must be finite and at least 0";
            }

            sum += weights[i];
        }

        return sum > 0 && double.IsFinite(sum) ? null : $"the sampling weights sum to {sum}; the sum must be finite and above 0";
    }
}
