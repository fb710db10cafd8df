namespace GMem.Tests.Shared;

/// <summary>Tests that measure the resident memory of their process: no other test may run beside them.</summary>
[CollectionDefinition(nameof(MeasuredAlone), DisableParallelization = true)]
public sealed class MeasuredAlone;
