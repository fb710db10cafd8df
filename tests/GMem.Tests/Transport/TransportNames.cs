using GMem.Transport;

namespace GMem.Tests.Transport;

/// <summary>The public code's names, as the reference files use them.</summary>
internal static class TransportNames
{
    public static InterpolantPath Path(string name) => InterpolantPath.Of(Enum.Parse<InterpolantKind>(name, ignoreCase: true));

    public static PredictionTarget Prediction(string name) => Enum.Parse<PredictionTarget>(name, ignoreCase: true);

    public static DiffusionForm Form(string name) => name switch
    {
        "inccreasing-decreasing" or "increasing-decreasing" => DiffusionForm.IncreasingDecreasing,
        _ => Enum.Parse<DiffusionForm>(name, ignoreCase: true),
    };
}
