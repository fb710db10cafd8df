using GMem.Latents;

namespace GMem.MLNet.Training;

/// <summary>Writes into <c>MLContext.Log</c> how far the encoding of the images has come, and passes it on.</summary>
internal sealed class EncodingLog(IChannel channel, IProgress<EncodingProgress>? next) : IProgress<EncodingProgress>
{
    public void Report(EncodingProgress value)
    {
        if (value.Warning is { } warning)
        {
            channel.Warning(MessageSensitivity.None, warning);
        }
        else
        {
            channel.Info(MessageSensitivity.None, $"{value}.");
        }

        next?.Report(value);
    }
}
