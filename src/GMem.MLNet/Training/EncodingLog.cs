using GMem.Latents;

namespace GMem.MLNet.Training;

/// <summary>Writes into <c>MLContext.Log</c> how far the encoding of the images has come.</summary>
internal sealed class EncodingLog(IChannel channel) : IProgress<EncodingProgress>
{
    public void Report(EncodingProgress value)
    {
        if (value.Warning is { } warning)
        {
            channel.Warning(MessageSensitivity.None, warning);
            return;
        }

        string found = value.Found > 0 ? $"; found {value.Found} that an earlier run had encoded" : "";
        channel.Info(MessageSensitivity.None, $"Encoded {value.Encoded} images of {value.Total}{found}.");
    }
}
