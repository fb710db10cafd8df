namespace EvaluateModel;

/// <summary>What one run is told.</summary>
internal sealed record Settings
{
    public const int DefaultCount = 1000;
    public const string DefaultOutput = "output";

    public required string Model { get; init; }

    /// <summary>A folder, archive or list of real images, best some that were not trained on.</summary>
    public required string Images { get; init; }

    /// <summary>Weights of InceptionV3, for the FID; null takes the features that need none.</summary>
    public string? Inception { get; init; }

    public int Count { get; init; } = DefaultCount;

    public int Seed { get; init; } = 1;

    public string Output { get; init; } = DefaultOutput;
}
