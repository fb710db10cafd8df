using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Examples.Shared;

/// <summary>Shows what the library warns of, such as images that cannot be read, as lines on the error stream.</summary>
internal static class Warnings
{
    public static MLContext WithWarnings(this MLContext ml)
    {
        ml.Log += (_, entry) =>
        {
            if (entry.Kind == ChannelMessageKind.Warning)
            {
                Console.Error.WriteLine($"warning: {entry.RawMessage.ReplaceLineEndings(" ")}");
            }
        };
        return ml;
    }
}
