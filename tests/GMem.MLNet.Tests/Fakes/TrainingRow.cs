using Microsoft.ML.Data;

namespace GMem.MLNet.Tests.Fakes;

internal sealed class TrainingRow
{
    public byte[] Bytes { get; set; } = [];

    [VectorType(3)]
    public float[] Features { get; set; } = [];

    public long Number { get; set; }
}
