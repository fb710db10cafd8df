namespace GMem.Training;

/// <summary>Something that happened in a run besides its numbers.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="Text">What happened, in a sentence.</param>
public sealed record TrainingMessage(TrainingMessageLevel Level, string Text);
