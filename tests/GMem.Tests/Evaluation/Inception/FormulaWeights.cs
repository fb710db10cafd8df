using GMem.Evaluation;
using TorchSharp;

namespace GMem.Tests.Evaluation.Inception;

/// <summary>The weights of reference/inception: every tensor by the formula in its README, made once for each seed.</summary>
[CollectionDefinition(Collection)]
public sealed class FormulaWeights : IDisposable, ICollectionFixture<FormulaWeights>
{
    /// <summary>The tests that share them.</summary>
    public const string Collection = "formula weights";

    private readonly Dictionary<ulong, Dictionary<string, torch.Tensor>> _bySeed = [];

    /// <summary>All tensors but the batch counters, by state-dict name; they stay the fixture's.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> Get(ulong seed)
    {
        if (!_bySeed.TryGetValue(seed, out Dictionary<string, torch.Tensor>? tensors))
        {
            using InceptionV3 network = new(torch.CPU);
            tensors = [];
            foreach ((string key, int j) in Keys(network).Select((key, j) => (key, j)))
            {
                using DisposeScope scope = torch.NewDisposeScope();
                long[] shape = network.state_dict()[key].shape;
                tensors[key] = torch.tensor(Values(key, shape, (ulong)j, seed))
                    .reshape(shape).MoveToOuterDisposeScope().DetachFromDisposeScope();
            }

            _bySeed[seed] = tensors;
        }

        return tensors;
    }

    internal static IReadOnlyList<string> Keys(InceptionV3 network) =>
        [.. network.state_dict().Keys.Where(k => !k.EndsWith("num_batches_tracked", StringComparison.Ordinal)).Order(
            StringComparer.Ordinal)];

    public void Dispose()
    {
        foreach (torch.Tensor tensor in _bySeed.Values.SelectMany(t => t.Values))
        {
            tensor.Dispose();
        }
    }

    private static float[] Values(string key, long[] shape, ulong j, ulong seed)
    {
        float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        double scale = Math.Sqrt(6.0 / shape.Skip(1).Aggregate(1L, (a, b) => a * b));
        Func<ulong, double> formula = key switch
        {
            _ when key.EndsWith(".running_mean", StringComparison.Ordinal) => k => 0.05 * Math.Sin((2.0 * k) + j),
            _ when key.EndsWith(".running_var", StringComparison.Ordinal) => k => 1 + (0.2 * Math.Pow(Math.Cos((3.0 * k) + j), 2)),
            _ when key.EndsWith(".bn.weight", StringComparison.Ordinal) => k => 1 + (0.1 * Math.Sin((double)k + j)),
            _ when key.EndsWith(".bias", StringComparison.Ordinal) => k => 0.1 * Math.Cos((double)k + j),
            _ => k => ((2 * Uniform(k, j, seed)) - 1) * scale,
        };
        for (int k = 0; k < values.Length; k++)
        {
            values[k] = (float)formula((ulong)k);
        }

        return values;
    }

    private static double Uniform(ulong k, ulong j, ulong seed)
    {
        ulong z = (k * 0x9E3779B97F4A7C15UL) + ((seed + j + 1) * 0xD1B54A32D192ED03UL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        z ^= z >> 31;
        return (z >> 11) / 9007199254740992.0;
    }
}
