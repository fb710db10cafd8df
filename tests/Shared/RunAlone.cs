namespace GMem.Tests.Shared;

/// <summary>Tests which count something of the whole process, or measure it, run with no other test beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunAlone
{
    public const string Name = "run alone";
}
