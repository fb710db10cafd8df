using GMem.FileFormats;

namespace GMem.Training;

/// <summary>
/// The average of any width, put together after training from snapshots of two others: the combination whose weighting of the steps is
/// nearest, in the least squares sense, to the one that is wanted (Karras et al., arXiv 2312.02696, section 3.2).
/// </summary>
internal static class PostHocAverage
{
    /// <param name="workspace">The run's folder.</param>
    /// <param name="width">The relative width.</param>
    /// <param name="step">The step whose average it is to be.</param>
    /// <returns>
    /// float32 <c>[P]</c> on the CPU, to be disposed, and the names of the parameters in it; null for all of the network's.
    /// </returns>
    /// <exception cref="InvalidDataException">There are no snapshots, or they are of different networks.</exception>
    public static (torch.Tensor Average, IReadOnlySet<string>? Parameters) Of(string workspace, double width, long step)
    {
        IReadOnlyList<(long Step, string Path)> snapshots = AverageSnapshots.In(workspace, step);
        if (snapshots.Count == 0)
        {
            throw new InvalidDataException(
                $"The workspace '{workspace}' has no snapshots of averages up to step {step}. They are kept where "
                    + $"{nameof(TrainingOptions.PowerAverageWidths)} names two widths.");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        List<(PowerProfile Profile, string Path, string Name)> sources = [];
        foreach ((long at, string path) in snapshots)
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            sources.AddRange(file.Entries.Select(
                e => (new PowerProfile(PowerProfile.ExponentOf(double.Parse(e.Name, CultureInfo.InvariantCulture)), at), path, e.Name)));
        }

        double[] factors = Factors([.. sources.Select(s => s.Profile)], new PowerProfile(PowerProfile.ExponentOf(width), step));
        torch.Tensor? sum = null;
        IReadOnlySet<string>? parameters = null;
        foreach (((_, string path, string name), double factor) in sources.Zip(factors))
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            using torch.Tensor average = file.Read(name);
            parameters ??= AverageSnapshots.ParametersOf(file);
            if (sum is not null && !sum.shape.SequenceEqual(average.shape))
            {
                throw new InvalidDataException($"'{path}' is of another network than the snapshots before it.");
            }

            sum ??= torch.zeros(average.shape, dtype: torch.float64);
            using torch.Tensor exact = average.to(torch.float64);
            _ = sum.PlusScaledInPlace(factor, exact);
        }

        return (sum!.to(torch.float32).MoveToOuterDisposeScope(), parameters);
    }

    /// <summary>The factors of the sources whose sum of profiles is nearest to the target.</summary>
    internal static double[] Factors(IReadOnlyList<PowerProfile> sources, PowerProfile target)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        int n = sources.Count;
        double[] products = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                products[(i * n) + j] = sources[i].Dot(sources[j]);
            }
        }

        torch.Tensor gram = torch.tensor(products, dtype: torch.float64).view(n, n);
        torch.Tensor wanted = torch.tensor([.. sources.Select(s => s.Dot(target))], dtype: torch.float64).view(n, 1);

        // Snapshots near one another are nearly dependent; the pseudo-inverse leaves out what float64 cannot tell apart.
        torch.Tensor factors = torch.linalg.pinv(gram, rtol: 1e-12, hermitian: true).matmul(wanted);
        return factors.view(-1).data<double>().ToArray();
    }
}
