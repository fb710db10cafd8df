using GMem.Distributed;

namespace GMem.DistributedTests;

/// <summary>A process that a launcher started as one of several never runs as if it were alone.</summary>
public sealed class LaunchTests
{
    [Fact]
    public void Join_WithoutALibrary_FailsAndSaysWhatIsMissing()
    {
        RankResult result = RankRun.Of(Named("libnone.so.7"), "collectives");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(
            "started as one of 2 by Open MPI's mpirun, but no MPI library was found (looked for libnone.so.7)", result.Errors,
            StringComparison.Ordinal);
        Assert.Empty(result.Of("rank"));
    }

    [Fact]
    public void Join_WithALibraryThatIsNotTheLaunchers_FailsAndSaysSo()
    {
        using CompiledStub library = new("mpi-alone");
        RankResult result = RankRun.Of(Named(library.Path), "collectives");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(
            "started as one of 2 by Open MPI's mpirun, but the MPI library 'Stub 1.0' sees 1: the library is not the launcher's",
            result.Errors, StringComparison.Ordinal);
        Assert.Empty(result.Of("rank"));
    }

    private static RankLaunch Named(string library) =>
        new(2) { Environment = new Dictionary<string, string> { [Launch.LibraryVariable] = library } };

    [Fact]
    public void TryJoin_NoSuchLibrary_IsNull() => Assert.Null(MpiLibrary.TryJoin(["libnone.so.7", "/nowhere/libmpi.so"]));

    [Fact]
    public void Of_NoLauncher_IsNull() => Assert.Null(Launch.Of(_ => null));

    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4", "Open MPI's mpirun", 4, "libmpi.so.40")]
    [InlineData("PMI_SIZE=2", "mpiexec or srun (PMI)", 2, "libmpich.so.12")]
    [InlineData("PMIX_RANK=0", "srun --mpi=pmix or another launcher with PMIx", null, "libmpi.so.40")]
    [InlineData("PMI_SIZE=2;GMEM_MPI=/opt/libmpi.so", "mpiexec or srun (PMI)", 2, "/opt/libmpi.so")]
    public void Of_VariablesOfALauncher_NamesItAndItsLibraries(string variables, string by, int? size, string library)
    {
        Dictionary<string, string> environment = variables.Split(';').Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        Launch launch = Launch.Of(environment.GetValueOrDefault)!;
        Assert.Equal((by, size, library), (launch.By, launch.Size, launch.Libraries[0]));
        Assert.True(!environment.ContainsKey(Launch.LibraryVariable) || launch.Libraries.Count == 1);
    }
}
