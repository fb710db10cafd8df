using GMem.Images;
namespace GMem.MLNet.Generation;

/// <summary>The generated values of the row that a cursor or mapper stands on; each is made when it is asked for.</summary>
internal interface IGeneratedValues
{
    long Seed { get; }

    MemorySource Source { get; }

    float Cosine { get; }

    RgbImage Image { get; }
}
