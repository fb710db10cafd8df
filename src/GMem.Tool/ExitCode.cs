namespace GMem.Tool;

/// <summary>What the process returns; documented in <c>gmem --help</c>, and relied on by scripts.</summary>
internal enum ExitCode
{
    /// <summary>Done.</summary>
    Success = 0,

    /// <summary>Something given is wrong: a file, a value, a model.</summary>
    Fault = 1,

    /// <summary>The command line itself cannot be understood.</summary>
    Usage = 2,

    /// <summary>Processes that were to work together were not given the same.</summary>
    RanksDiffer = 2,

    /// <summary>libtorch or the GPU asked for is not there; <c>gmem doctor</c> says more.</summary>
    Runtime = 3,

    /// <summary>A fault of the program.</summary>
    Bug = 70,

    /// <summary>Stopped by Ctrl-C, as the shells count it.</summary>
    Cancelled = 130,
}
