namespace GMem.Training;

/// <summary>The constants of AdamW (Loshchilov and Hutter, arXiv 1711.05101).</summary>
internal readonly record struct AdamWSettings(double Beta1, double Beta2, double Epsilon, double WeightDecay);
