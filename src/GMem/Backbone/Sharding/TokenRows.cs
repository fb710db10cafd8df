using GMem.Backbone.Kernels;
using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>What a thread does to some tokens of <c>[B, T, D]</c>, counted through the batch: norms, gates and sums, each in one pass.</summary>
/// <param name="shape">B, T, D.</param>
/// <param name="modulations"><c>[B, 6 D blocks]</c>, contiguous.</param>
internal sealed unsafe class TokenRows(long[] shape, torch.Tensor modulations)
{
    private readonly long _perImage = shape[1];
    private readonly long _width = shape[2];
    private readonly long _stride = modulations.shape[1];
    private readonly float* _modulations = CpuKernel.Address(modulations);

    /// <summary>How many tokens.</summary>
    public long Count { get; } = shape[0] * shape[1];

    /// <summary>LayerNorm, scale and shift.</summary>
    /// <param name="x">Tokens.</param>
    /// <param name="block">Whose modulation.</param>
    /// <param name="shift">The chunk of the shift.</param>
    /// <param name="moments">Gets mean and inverse deviation of each token.</param>
    /// <param name="result">Gets the tokens.</param>
    /// <param name="from">The first token.</param>
    /// <param name="to">The one after the last.</param>
    public void Normalise(torch.Tensor x, int block, BlockChunk shift, (float Mean, float Inverse)[] moments, torch.Tensor result, long from, long to)
    {
        float* input = CpuKernel.Address(x), output = CpuKernel.Address(result);
        for (long token = from; token < to; token++)
        {
            float* offset = _modulations + Chunk(token, block, shift);
            moments[token] = LayerNormRow.Forward(input + (token * _width), offset + _width, offset, output + (token * _width), _width);
        }
    }

    /// <summary>Adds up the parts of a result.</summary>
    public void AddParts(torch.Tensor?[] parts, torch.Tensor result, long from, long to)
    {
        float*[] addresses = Addresses(parts);
        float* output = CpuKernel.Address(result);
        for (long token = from; token < to; token++)
        {
            AddParts(addresses, token, output + (token * _width));
        }
    }

    /// <summary><c>result = x + gate y</c>.</summary>
    public void Gate(torch.Tensor x, int block, BlockChunk gate, torch.Tensor y, torch.Tensor result, long from, long to)
    {
        float* input = CpuKernel.Address(x), branch = CpuKernel.Address(y), output = CpuKernel.Address(result);
        for (long token = from; token < to; token++)
        {
            long row = token * _width;
            RowMath.Gate(input + row, _modulations + Chunk(token, block, gate), branch + row, output + row, _width);
        }
    }

    /// <summary>The way back through <see cref="Gate"/>.</summary>
    /// <param name="stream">Gradient of the result.</param>
    /// <param name="block">Whose modulation.</param>
    /// <param name="gate">The chunk of the gate.</param>
    /// <param name="y">What the branch gave; its gradient takes its place.</param>
    /// <param name="ofModulations">The gate's gradient is added to it, <c>[B, 6 D blocks]</c>.</param>
    /// <param name="from">The first token.</param>
    /// <param name="to">The one after the last.</param>
    public void GateBackward(torch.Tensor stream, int block, BlockChunk gate, torch.Tensor y, float* ofModulations, long from, long to)
    {
        float* upstream = CpuKernel.Address(stream), branch = CpuKernel.Address(y);
        for (long token = from; token < to; token++)
        {
            long row = token * _width, chunk = Chunk(token, block, gate);
            RowMath.GateBackward(_modulations + chunk, branch + row, upstream + row, ofModulations + chunk, branch + row, _width);
        }
    }

    /// <summary>The way back through <see cref="Normalise"/>, whose result's gradient is in parts.</summary>
    /// <param name="parts">Of the gradient of the normalised tokens.</param>
    /// <param name="x">What was normalised.</param>
    /// <param name="block">Whose modulation.</param>
    /// <param name="shift">The chunk of the shift.</param>
    /// <param name="moments">Mean and inverse deviation of each token.</param>
    /// <param name="stream">The gradient of x is added to it.</param>
    /// <param name="ofModulations">Those of shift and scale are added to it, <c>[B, 6 D blocks]</c>.</param>
    /// <param name="from">The first token.</param>
    /// <param name="to">The one after the last.</param>
    public void NormaliseBackward(
        torch.Tensor?[] parts, torch.Tensor x, int block, BlockChunk shift, (float Mean, float Inverse)[] moments, torch.Tensor stream, float* ofModulations, long from, long to)
    {
        float*[] addresses = Addresses(parts);
        float* input = CpuKernel.Address(x), gradient = CpuKernel.Address(stream);
        fixed (float* scratch = new float[2 * _width])
        {
            float* upstream = scratch, downstream = scratch + _width;
            for (long token = from; token < to; token++)
            {
                long row = token * _width, offset = Chunk(token, block, shift), factor = offset + _width;
                AddParts(addresses, token, upstream);
                LayerNormRow.Backward(
                    input + row, moments[token].Mean, moments[token].Inverse, _modulations + factor, upstream, downstream, ofModulations + factor, ofModulations + offset, _width);
                RowMath.Add(gradient + row, downstream, gradient + row, _width);
            }
        }
    }

    private static float*[] Addresses(torch.Tensor?[] parts)
    {
        float*[] addresses = new float*[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            addresses[i] = CpuKernel.Address(parts[i]!);
        }

        return addresses;
    }

    private void AddParts(float*[] parts, long token, float* result)
    {
        long row = token * _width;
        RowMath.Add(parts[0] + row, parts[1] + row, result, _width);
        for (int i = 2; i < parts.Length; i++)
        {
            RowMath.Add(result, parts[i] + row, result, _width);
        }
    }

    /// <summary>Where a chunk of the modulation of a token's image begins.</summary>
    private long Chunk(long token, int block, BlockChunk chunk) => (token / _perImage * _stride) + (((block * (int)BlockChunk.Count) + (int)chunk) * _width);
}
