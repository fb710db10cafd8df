namespace GMem.Training;

/// <summary>What ranks agree on in a step.</summary>
/// <param name="Stop">Somebody was told to stop.</param>
/// <param name="Checkpoint">A checkpoint is due after this step.</param>
internal readonly record struct StepFlags(bool Stop, bool Checkpoint);
