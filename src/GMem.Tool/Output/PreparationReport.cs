using GMem.Latents;

namespace GMem.Tool.Output;

/// <summary>Shows what is done before the first step: how many images were read, what became of all of them, and their encoding.</summary>
internal sealed class PreparationReport(ProgressView view, ImageAccount account) : IProgress<ReadingProgress>, IProgress<EncodingProgress>
{
    public void Report(ReadingProgress value)
    {
        account.Skipped = value.Skipped;
        if (value.IsComplete)
        {
            view.Say(account.Text(listed: false));
        }
        else
        {
            view.Report(value.Read + value.Skipped.Count, account.Listing.Count, Lower($"{value}"));
        }
    }

    public void Report(EncodingProgress value)
    {
        if (value.Warning is not null)
        {
            // The log has it.
        }
        else if (value.Phase == EncodingPhase.Images)
        {
            view.Report(value.Encoded + value.Found, value.Total, Lower($"{value}"));
        }
        else
        {
            view.Begin(Lower($"{value}"));
        }
    }

    private static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..];
}
