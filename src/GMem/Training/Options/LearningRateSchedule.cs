namespace GMem.Training;

/// <summary>How the learning rate goes on after its warm-up.</summary>
public enum LearningRateSchedule
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>
    /// It falls to its final share along half a cosine, which it reaches at the last step (arXiv 1608.03983, without restarts).
    /// </summary>
    Cosine,
}
