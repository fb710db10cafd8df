namespace GMem.Distributed;

/// <summary>What started this process, as far as its environment says.</summary>
/// <param name="By">The launcher, for messages.</param>
/// <param name="Size">How many processes it started; null where it does not say.</param>
/// <param name="Libraries">The MPI libraries that fit it, the most likely first.</param>
internal sealed record Launch(string By, int? Size, IReadOnlyList<string> Libraries)
{
    /// <summary>Names the MPI library, where the loader does not find the right one by itself.</summary>
    public const string LibraryVariable = "GMEM_MPI";

    private static readonly string[] OpenMpi = ["libmpi.so.40", "libmpi.so"];

    private static readonly string[] Mpich = ["libmpich.so.12", "libmpi.so.12", "libmpich.so"];

    /// <param name="variable">The environment.</param>
    /// <returns>Null where no launcher of MPI started this process.</returns>
    public static Launch? Of(Func<string, string?> variable)
    {
        Launch? launch = SizeIn("OMPI_COMM_WORLD_SIZE") is { } ofOpenMpi ? new("Open MPI's mpirun", ofOpenMpi, OpenMpi)
            : SizeIn("PMI_SIZE") is { } ofMpich ? new("mpiexec or srun (PMI)", ofMpich, Mpich)
            : variable("PMIX_RANK") is not null
                ? new("srun --mpi=pmix or another launcher with PMIx", SizeIn("SLURM_STEP_NUM_TASKS"), [.. OpenMpi, .. Mpich])
            : SizeIn("SLURM_STEP_NUM_TASKS") is { } tasks and > 1
                ? new("srun without MPI (give it --mpi=pmix)", tasks, [.. OpenMpi, .. Mpich])
            : null;
        return launch is not null && variable(LibraryVariable) is { Length: > 0 } named ? launch with { Libraries = [named] } : launch;

        int? SizeIn(string name) =>
            int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size > 0 ? size : null;
    }
}
