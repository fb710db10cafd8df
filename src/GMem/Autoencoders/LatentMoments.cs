namespace GMem.Autoencoders;

/// <summary>Accumulates the mean and standard deviation of each latent channel, batch by batch, in double precision.</summary>
internal sealed class LatentMoments : IDisposable
{
    private double _count;
    private torch.Tensor? _mean;
    private torch.Tensor? _squares;

    /// <summary>Adds a batch <c>[B, C, h, w]</c>; the caller keeps ownership.</summary>
    public void Add(torch.Tensor latents)
    {
        if (latents.shape is not [>= 1, >= 1 and long channels, >= 1, >= 1] || (_mean is not null && _mean.shape[0] != channels))
        {
            string sofar = _mean is null ? "" : $" ({_mean.shape[0]} so far)";
            throw new ArgumentException(
                $"Latents must be [B, C, h, w] with the same C in every batch{sofar}; got [{string.Join(", ", latents.shape)}].",
                nameof(latents));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor values = latents.to(torch.CPU).to(torch.float64).transpose(0, 1).reshape(channels, -1);
        double added = values.shape[1], total = _count + added;
        torch.Tensor mean = values.mean([1]);
        torch.Tensor squares = (values - mean.unsqueeze(1)).Squared().sum(1);
        if (_mean is not null && _squares is not null)
        {
            // Chan, Golub and LeVeque's update merges two samples without subtracting large sums from each other.
            torch.Tensor difference = mean - _mean;
            mean = _mean.Plus(difference.Times(added / total));
            squares = _squares.Plus(squares).Plus(difference.Squared().Times(_count * added / total));
        }

        Dispose();
        _mean = mean.DetachFromDisposeScope();
        _squares = squares.DetachFromDisposeScope();
        _count = total;
    }

    /// <summary>The statistics of all batches added so far.</summary>
    public LatentStatistics ToStatistics()
    {
        if (_mean is null || _squares is null)
        {
            throw new ArgumentException("Latent statistics need at least one latent; got none.");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        return new LatentStatistics(LatentStatistics.Numbers(_mean), LatentStatistics.Numbers(_squares.DividedBy(_count).sqrt()));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mean?.Dispose();
        _squares?.Dispose();
    }
}
