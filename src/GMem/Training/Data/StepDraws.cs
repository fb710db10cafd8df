namespace GMem.Training;

/// <summary>What one step is computed from, on the network's device.</summary>
/// <param name="Data">x1, <c>[B, C, h, w]</c>.</param>
/// <param name="Noise">x0, of that shape.</param>
/// <param name="Time">t, <c>[B]</c>.</param>
/// <param name="Conditions">Values of each of the network's conditions, <c>[B, ...]</c>, dropout applied.</param>
/// <param name="ProjectionTarget">Patch tokens <c>[B, T, z]</c> for the projection loss, or null.</param>
/// <param name="Map">Which samples learn a flow map; null where none does.</param>
internal readonly record struct StepDraws(
    torch.Tensor Data, torch.Tensor Noise, torch.Tensor Time, IReadOnlyList<torch.Tensor> Conditions, torch.Tensor? ProjectionTarget,
    FlowMapDraws? Map = null)
{
    public long Count => Data.shape[0];

    /// <returns>Views of some of its samples.</returns>
    public StepDraws Slice(long begin, long length) => new(
        Data.narrow(0, begin, length),
        Noise.narrow(0, begin, length),
        Time.narrow(0, begin, length),
        [.. Conditions.Select(c => c.narrow(0, begin, length))],
        ProjectionTarget?.narrow(0, begin, length),
        Map?.Slice(begin, length));
}
