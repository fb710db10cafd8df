using GMem.Backbone;

namespace GMem.Training;

/// <summary>
/// Forward and backward passes of this rank's shards of a batch on the CPU, on several threads. Each thread takes some of the shards and a
/// few cores: small operators gain little from more cores, and the threads of one operator wait for each other between operators. The
/// threads share the weights; each has its own gradients, which are summed at the end, in pairs.
/// </summary>
/// <remarks>On two cores at S size a step of 4 x 256 tokens takes seven eighths of the time (docs/performance.md).</remarks>
internal sealed class GradientTeam : IDisposable
{
    private readonly ShardPlan _plan;
    private readonly WorkerThreads? _threads;
    private readonly SiT[] _networks;
    private readonly FlatParameters[] _parameters;
    private readonly List<torch.Tensor>[] _partials;

    /// <param name="network">The network, in training mode.</param>
    /// <param name="parameters">Its weights and gradients.</param>
    /// <param name="plan">The shards.</param>
    public GradientTeam(SiT network, FlatParameters parameters, ShardPlan plan)
    {
        int threads = torch.get_num_threads(), workers = plan.Workers(threads);
        SiT[] twins = [.. Enumerable.Range(1, workers - 1).Select(_ => TwinOf(network))];
        _plan = plan;
        _networks = [network, .. twins];
        _parameters = [parameters, .. twins.Select(t => parameters.Share(t.TrainableParameters()))];
        _partials = [.. Enumerable.Range(0, workers).Select(_ => new List<torch.Tensor>())];
        _threads = workers == 1 && threads == plan.ThreadsPerShard ? null
            : new WorkerThreads(workers, plan.ThreadsPerShard, "GMem training");
    }

    /// <summary>
    /// Adds the gradient of this rank's share of the batch's mean loss to the parameters' gradients.
    /// </summary>
    /// <param name="draws">The whole batch.</param>
    /// <param name="micro">Images of the batch that go through at once.</param>
    /// <param name="values">How many numbers a pass gives.</param>
    /// <param name="pass">
    /// Adds the gradient of a share of the loss to a network's gradients; of network, images, share, and whether its time counts.
    /// </param>
    /// <returns>Those numbers, <c>[shards of this rank, micro-batches, values]</c>.</returns>
    public float[] Accumulate(StepDraws draws, long micro, int values, Func<SiT, StepDraws, double, bool, torch.Tensor> pass)
    {
        int parts = (int)((draws.Count + micro - 1) / micro), shards = _plan.Local / _networks.Length;
        float[] given = new float[_plan.Local * parts * values];
        if (_threads is null)
        {
            Work(0);
        }
        else
        {
            _threads.Run(Work);
        }

        for (int stride = 1; stride < _parameters.Length; stride *= 2)
        {
            for (int worker = 0; worker + stride < _parameters.Length; worker += 2 * stride)
            {
                _parameters[worker].TakeGradients(_parameters[worker + stride]);
            }
        }

        return given;

        void Work(int worker)
        {
            for (int i = 0; i < shards; i++)
            {
                int shard = (worker * shards) + i;
                for (int part = 0; part < parts; part++)
                {
                    long count = Math.Min(micro, draws.Count - (part * micro));
                    (long begin, long length) = _plan.Part(_plan.First + shard, part * micro, count);
                    if (length > 0)
                    {
                        using DisposeScope scope = torch.NewDisposeScope();
                        StepDraws some = length == draws.Count ? draws : draws.Slice(begin, length);
                        torch.Tensor numbers = pass(_networks[worker], some, (double)length / draws.Count, worker == 0);
                        numbers.data<float>().CopyTo(given.AsSpan(((shard * parts) + part) * values, values));
                    }
                }

                Fold(worker, i, isLast: i == shards - 1);
            }
        }
    }

    /// <summary>Evaluates something for each number from 0, on threads whose operators have as many threads as those of a step.</summary>
    /// <param name="count">How many.</param>
    /// <param name="body">Given a network with the weights, for this thread alone, and the number.</param>
    public void ForEach(int count, Action<SiT, int> body)
    {
        if (_threads is null)
        {
            Work(0);
        }
        else
        {
            _threads.Run(Work);
        }

        void Work(int worker)
        {
            for (int i = worker; i < count; i += _networks.Length)
            {
                body(_networks[worker], i);
            }
        }
    }

    public void Dispose()
    {
        _threads?.Dispose();
        Array.ForEach(_parameters[1..], p => p.Dispose());
        Array.ForEach(_networks[1..], n => n.Dispose());
        foreach (torch.Tensor partial in _partials.SelectMany(p => p))
        {
            partial.Dispose();
        }
    }

    /// <summary>
    /// Sums the gradients of shards that one thread computes one after the other in pairs, as a counter carries: a sum waits on each level
    /// for its neighbour.
    /// </summary>
    private void Fold(int worker, int shard, bool isLast)
    {
        FlatParameters own = _parameters[worker];
        int level = 0;
        for (; ((shard >> level) & 1) == 1; level++)
        {
            own.TakeGradients(_partials[worker][level]);
        }

        if (!isLast)
        {
            if (_partials[worker].Count == level)
            {
                _partials[worker].Add(torch.zeros_like(own.Gradients).DetachFromDisposeScope());
            }

            own.GiveGradients(_partials[worker][level]);
        }
    }

    private static SiT TwinOf(SiT network)
    {
        SiT twin = network.Twin();
        twin.train();
        return twin;
    }
}
