using GMem.Distributed;

namespace GMem.Training;

/// <summary>
/// What ranks do together in a step: the sum of their gradients, of which each keeps the segment whose weights it updates; the norm and
/// the losses of all; and what they must agree on, that somebody wants to stop or that a checkpoint is due. A rank alone only computes.
/// </summary>
internal sealed class RankSum
{
    private readonly RankGroup _ranks;
    private readonly FlatParameters _parameters;
    private readonly Segments _segments;

    public RankSum(RankGroup ranks, FlatParameters parameters)
    {
        (_ranks, _parameters) = (ranks, parameters);
        _segments = parameters.Segments(ranks.Size);
    }

    public bool IsAlone => _ranks.Size == 1;

    /// <summary>Adds up the gradients and losses of a step.</summary>
    /// <param name="losses">This rank's.</param>
    /// <param name="mayEnd">Whether this rank is told to stop, and whether a checkpoint is due by its clock.</param>
    /// <returns>
    /// Loss and terms of the whole batch, the gradient's norm, and whether any rank is told to stop and the first one's checkpoint is due.
    /// </returns>
    public (torch.Tensor Losses, torch.Tensor Norm, StepFlags Flags) Finish(LossParts losses, StepFlags mayEnd)
    {
        if (IsAlone)
        {
            return (losses.OnDevice ?? losses.Sum(losses.Numbers), _parameters.GradientNorm(), mayEnd);
        }

        _ranks.On(_parameters.Gradients.device).SumSegments(_parameters.Gradients, _segments);
        _parameters.KeepGradients(_segments.Begin(_ranks.Rank), _segments.Length(_ranks.Rank));
        return losses.OnDevice is { } own ? OnDevice(own, mayEnd) : OnHost(losses, mayEnd);
    }

    /// <summary>The updated segment of every rank to all.</summary>
    public void GatherWeights() => Gather(_parameters.Weights);

    /// <summary>A buffer of all parameters of which each rank has its own segment, completed.</summary>
    public void Gather(torch.Tensor whole)
    {
        if (!IsAlone)
        {
            using IDisposable noGrad = torch.no_grad();
            _ranks.On(whole.device).GatherSegments(whole, _segments);
        }
    }

    private (torch.Tensor Losses, torch.Tensor Norm, StepFlags Flags) OnHost(LossParts losses, StepFlags mayEnd)
    {
        // One exchange: flags, the sums of squares of this segment's blocks, and the losses, which fit into doubles.
        double[] squares = _parameters.SquaresOfBlocks(_segments.Begin(_ranks.Rank), _segments.Length(_ranks.Rank));
        int most = (int)FlatBlocks.Count(_segments.Longest), each = 2 + most + losses.Numbers.Length;
        double[] own = new double[each];
        (own[0], own[1]) = (mayEnd.Stop ? 1 : 0, mayEnd.Checkpoint ? 1 : 0);
        squares.CopyTo(own, 2);
        losses.Numbers.Select(n => (double)n).ToArray().CopyTo(own, 2 + most);
        double[] all = _ranks.ExchangeNumbers(own);
        List<double> blocks = [];
        List<float> numbers = [];
        bool stop = false;
        for (int rank = 0; rank < _ranks.Size; rank++)
        {
            ReadOnlySpan<double> part = all.AsSpan(rank * each, each);
            stop |= part[0] != 0;
            blocks.AddRange(part.Slice(2, (int)FlatBlocks.Count(_segments.Length(rank))));
            foreach (double number in part[(2 + most)..])
            {
                numbers.Add((float)number);
            }
        }

        torch.Tensor norm = torch.tensor((float)FlatGradientKernel.Norm([.. blocks]));
        return (losses.Sum([.. numbers]), norm, new StepFlags(stop, all[1] != 0));
    }

    private (torch.Tensor Losses, torch.Tensor Norm, StepFlags Flags) OnDevice(torch.Tensor losses, StepFlags mayEnd)
    {
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor square = _parameters.Gradients.norm().Squared().reshape(1);
        torch.Tensor both = torch.cat([losses.detach().to(torch.float32), square]);
        _ranks.Sum(both);
        byte[] flags = _ranks.ExchangeNumbers([(byte)((mayEnd.Stop ? 1 : 0) | (mayEnd.Checkpoint ? 2 : 0))]);
        return (
            both.narrow(0, 0, losses.numel()).clone().MoveToOuterDisposeScope(),
            both[losses.numel()].sqrt().MoveToOuterDisposeScope(),
            new StepFlags(flags.Any(f => (f & 1) != 0), (flags[0] & 2) != 0));
    }
}
