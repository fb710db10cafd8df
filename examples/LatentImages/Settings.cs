using GMem.Backbone;

namespace LatentImages;

/// <summary>What one run is told.</summary>
internal sealed record Settings
{
    public const long DefaultSteps = 200;
    public const int DefaultBatchSize = 16;
    public const int DefaultCount = 16;
    public const int DefaultSeed = 1;
    public const string DefaultOutput = "output";

    /// <summary>The size of the published models.</summary>
    private const int OfficialImageSize = 256;

    /// <summary>Enough for 8 x 8 latent cells.</summary>
    private const int TrialImageSize = 64;

    /// <summary>A folder, archive or list of photographs; null draws pictures.</summary>
    public string? Images { get; init; }

    /// <summary>A KL autoencoder's file; null makes a tiny random one.</summary>
    public string? Autoencoder { get; init; }

    /// <summary>A DINOv2 model's file; null makes a tiny random one.</summary>
    public string? Encoder { get; init; }

    /// <summary>Side of the images in pixels; 0 for 256 with a real autoencoder, else 64.</summary>
    public int ImageSize { get; init; }

    /// <summary>A published size of the network; null for one that a CPU can train.</summary>
    public string? Preset { get; init; }

    /// <summary>Whether the projection loss (REPA) is on.</summary>
    public bool Projection { get; init; }

    public long Steps { get; init; } = DefaultSteps;

    public int BatchSize { get; init; } = DefaultBatchSize;

    public int Count { get; init; } = DefaultCount;

    public int Seed { get; init; } = DefaultSeed;

    public string Output { get; init; } = DefaultOutput;

    public int ResolvedImageSize => ImageSize > 0 ? ImageSize : Autoencoder is null ? TrialImageSize : OfficialImageSize;

    /// <summary>The network: patches of 2 latent cells, or of 1 where a cell is 16 pixels, as the published ones.</summary>
    public SiTOptions ToNetwork(int pixelsACell, int tokenWidth)
    {
        int patch = pixelsACell >= 16 ? 1 : 2;
        SiTOptions network = Preset is null
            ? new SiTOptions { PatchSize = patch, HiddenSize = 192, Depth = 6, HeadCount = 6, ProjectorHiddenSize = 256 }
            : SiTOptions.FromPreset(SiTPreset.Find(Preset), patch);
        network = network with { ProjectionSize = Projection ? tokenWidth : 0 };
        return network;
    }
}
