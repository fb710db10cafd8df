namespace HeadlineResult;

/// <summary>A contestant at one stage of its training.</summary>
/// <param name="Step">Steps so far.</param>
/// <param name="Seconds">Processor time of training so far, on all threads.</param>
/// <param name="Own">Its images.</param>
/// <param name="HeldOut">Its images from held-out snippets; null without memory.</param>
internal sealed record Stage(int Step, double Seconds, Verdict Own, Verdict? HeldOut);
