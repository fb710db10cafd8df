using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>Chooses the entries to keep, in ascending order.</summary>
internal static class BankSubset
{
    public static int[] Random(int count, int kept, long seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Memory);
        torch.Tensor chosen = torch.randperm(count, dtype: torch.int64, generator: generator).narrow(0, 0, kept);
        return Sorted(chosen.data<long>().Select(i => (int)i));
    }

    /// <summary>The seeding of k-means++. Squared distances of unit vectors are 2 - 2 cos.</summary>
    public static int[] Spread(SnippetStorage storage, BankLayout layout, int kept, long seed, CancellationToken cancellationToken)
    {
        using DisposeScope outer = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Memory);
        double[] draws = [.. torch.rand(kept, dtype: torch.float64, generator: generator).data<double>()];
        float[] distances = new float[layout.Count];
        Array.Fill(distances, float.PositiveInfinity);
        List<int> chosen = [Math.Min((int)(draws[0] * layout.Count), layout.Count - 1)];
        while (chosen.Count < kept)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor center = storage.Decode(layout.Vectors([chosen[^1]]));
            CosineScan.Run(storage, layout, center, (start, cosines) => Shrink(distances, start, cosines), cancellationToken);

            // Exactly 0, and so never drawn again, whatever rounding says.
            distances[chosen[^1]] = 0;
            chosen.Add(Draw(distances, draws[chosen.Count], chosen));
        }

        return Sorted(chosen);
    }

    private static unsafe void Shrink(float[] distances, int start, torch.Tensor cosines)
    {
        float* cosine = (float*)TensorBytes.Address(cosines);
        Span<float> page = distances.AsSpan(start, (int)cosines.shape[1]);
        for (int i = 0; i < page.Length; i++)
        {
            page[i] = Math.Min(page[i], Math.Max(0, 2 - (2 * cosine[i])));
        }
    }

    private static int Draw(float[] distances, double uniform, List<int> chosen)
    {
        double sum = 0;
        foreach (float distance in distances)
        {
            sum += distance;
        }

        double target = uniform * sum;
        int last = -1;
        for (int i = 0; i < distances.Length; i++)
        {
            if (distances[i] > 0)
            {
                last = i;
                target -= distances[i];
                if (target < 0)
                {
                    return i;
                }
            }
        }

        // Only copies of the chosen are left: the first of them that is not chosen itself.
        return last >= 0 ? last : Enumerable.Range(0, distances.Length).Except(chosen).First();
    }

    private static int[] Sorted(IEnumerable<int> indices)
    {
        int[] sorted = [.. indices];
        Array.Sort(sorted);
        return sorted;
    }
}
