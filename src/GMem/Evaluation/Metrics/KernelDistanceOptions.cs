namespace GMem.Evaluation;

/// <summary>Settings of the kernel distance; the defaults are the published ones.</summary>
internal sealed class KernelDistanceOptions
{
    /// <summary>Number of random subsets over which the distance is averaged, at least 1. Default 100.</summary>
    public int Subsets { get; set; } = 100;

    /// <summary>Images per subset from each set, drawn without replacement; at least 2, at most the size of the smaller set. Default
    /// 1,000.</summary>
    public int SubsetSize { get; set; } = 1000;

    /// <summary>Seed for drawing the subsets. Default 0.</summary>
    public long Seed { get; set; }

    /// <summary>Degree of the polynomial kernel, at least 1. Default 3.</summary>
    public int Degree { get; set; } = 3;

    /// <summary>Factor of the inner product in the kernel, above 0. Default null: 1/D.</summary>
    public double? Gamma { get; set; }

    /// <summary>Constant of the kernel, at least 0. Default 1.</summary>
    public double Coefficient { get; set; } = 1;

    /// <summary>Checks the settings.</summary>
    /// <exception cref="ArgumentException">At least one setting is out of range; the message names them all.</exception>
    public void Validate()
    {
        List<string> faults = [];
        if (Subsets < 1)
        {
            faults.Add($"Subsets is {Subsets} but must be at least 1");
        }

        if (SubsetSize < 2)
        {
            faults.Add($"SubsetSize is {SubsetSize} but must be at least 2");
        }

        if (Degree < 1)
        {
            faults.Add($"Degree is {Degree} but must be at least 1");
        }

        if (Gamma is double gamma && !(gamma > 0 && double.IsFinite(gamma)))
        {
            faults.Add($"Gamma is {gamma} but must be above 0, or null (1/D)");
        }

        if (!(Coefficient >= 0 && double.IsFinite(Coefficient)))
        {
            faults.Add($"Coefficient is {Coefficient} but must be at least 0");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"KernelDistanceOptions: {string.Join("; ", faults)}.");
        }
    }
}
