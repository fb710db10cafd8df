using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>
/// Products of many rows with a few queries on a CPU with 512-bit vectors. A matrix library rearranges the large operand before
/// it multiplies, which costs as much as the products when there are only some 64 queries. Here the queries are rearranged
/// instead, once, and the rows are read in place. Sums run over the components in order, so a product does not depend on which
/// other queries or rows come with it.
/// </summary>
internal sealed unsafe class CosineKernel
{
    /// <summary>Queries worked on at once: four vectors of 16.</summary>
    private const int Lanes = 64;

    /// <summary>Rows worked on at once: with four vectors each, 24 sums stay in the 32 registers.</summary>
    private const int Rows = 6;

    /// <summary>Fewer queries are faster as an ordinary product.</summary>
    private const int FewestQueries = 24;

    private readonly int _queries;
    private readonly int _width;
    private readonly torch.Tensor _packed;

    /// <param name="queries">32-bit <c>[q, m]</c> on the CPU. The kernel lives in the dispose scope it is made in.</param>
    public CosineKernel(torch.Tensor queries)
    {
        _queries = (int)queries.shape[0];
        _width = (int)queries.shape[1];
        int groups = (_queries + Lanes - 1) / Lanes;
        torch.Tensor padded = torch.zeros([groups * Lanes, _width], dtype: torch.float32, device: torch.CPU);
        _ = padded.narrow(0, 0, _queries).copy_(queries);
        _packed = padded.view(groups, Lanes, _width).transpose(1, 2).contiguous();
    }

    public static bool Fits(torch.Tensor queries) =>
        Vector512.IsHardwareAccelerated && queries.device_type == DeviceType.CPU && queries.shape[0] >= FewestQueries;

    /// <summary>
    /// The fastest function from rows <c>[p, m]</c> to their cosines <c>[q, p]</c> to the queries, on the device of the queries.
    /// </summary>
    /// <param name="queries">32-bit rows <c>[q, m]</c> of unit length.</param>
    /// <param name="normalize">Whether rows are to be divided by their lengths; otherwise they must be of unit length.</param>
    public static Func<torch.Tensor, torch.Tensor> For(torch.Tensor queries, bool normalize)
    {
        if (Fits(queries))
        {
            CosineKernel kernel = new(queries);
            return rows => kernel.Cosines(rows.contiguous(), normalize);
        }

        return rows => normalize ? queries.matmul(rows.t()).div_(rows.norm(1)) : queries.matmul(rows.t());
    }

    /// <param name="rows">32-bit <c>[p, m]</c>, contiguous on the CPU.</param>
    /// <param name="normalize">Whether to divide by the rows' lengths.</param>
    /// <returns><c>[q, p]</c>.</returns>
    public torch.Tensor Cosines(torch.Tensor rows, bool normalize)
    {
        int count = (int)rows.shape[0];
        torch.Tensor cosines = torch.empty([_queries, count], dtype: torch.float32, device: torch.CPU);
        nint source = (nint)TensorBytes.Address(rows);
        nint packed = (nint)TensorBytes.Address(_packed);
        nint target = (nint)TensorBytes.Address(cosines);
        ParallelRows.For((count + Rows - 1) / Rows, (long)Rows * _width, (from, to) =>
        {
            for (int row = (int)from * Rows; row < Math.Min(count, (int)to * Rows); row += Rows)
            {
                Block((float*)source, row, Math.Min(Rows, count - row), (float*)packed, (float*)target, count, normalize);
            }
        });
        return cosines;
    }

    private void Block(float* rows, int first, int count, float* packed, float* cosines, int stride, bool normalize)
    {
        float* products = stackalloc float[Rows * Lanes];
        float* scales = stackalloc float[Rows];
        for (int r = 0; r < count; r++)
        {
            scales[r] = normalize ? 1 / Length(rows + ((long)(first + r) * _width), _width) : 1;
        }

        for (int group = 0; group < _queries; group += Lanes)
        {
            Multiply(rows + ((long)first * _width), count, _width, packed + ((long)group * _width), products);
            int queries = Math.Min(Lanes, _queries - group);
            for (int q = 0; q < queries; q++)
            {
                float* target = cosines + ((long)(group + q) * stride) + first;
                for (int r = 0; r < count; r++)
                {
                    target[r] = products[(r * Lanes) + q] * scales[r];
                }
            }
        }
    }

    /// <summary>Six rows, or fewer (the last is then worked on several times), with 64 queries: <c>products[r, q]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(float* row, int count, int width, float* packed, float* products)
    {
        float* r0 = row;
        float* r1 = row + ((long)Math.Min(1, count - 1) * width);
        float* r2 = row + ((long)Math.Min(2, count - 1) * width);
        float* r3 = row + ((long)Math.Min(3, count - 1) * width);
        float* r4 = row + ((long)Math.Min(4, count - 1) * width);
        float* r5 = row + ((long)Math.Min(5, count - 1) * width);
        Vector512<float> a0 = default, b0 = default, c0 = default, d0 = default;
        Vector512<float> a1 = default, b1 = default, c1 = default, d1 = default;
        Vector512<float> a2 = default, b2 = default, c2 = default, d2 = default;
        Vector512<float> a3 = default, b3 = default, c3 = default, d3 = default;
        Vector512<float> a4 = default, b4 = default, c4 = default, d4 = default;
        Vector512<float> a5 = default, b5 = default, c5 = default, d5 = default;
        for (int i = 0; i < width; i++, packed += Lanes)
        {
            Vector512<float> qa = Vector512.Load(packed);
            Vector512<float> qb = Vector512.Load(packed + 16);
            Vector512<float> qc = Vector512.Load(packed + 32);
            Vector512<float> qd = Vector512.Load(packed + 48);
            Vector512<float> x = Vector512.Create(r0[i]);
            a0 = Vector512.FusedMultiplyAdd(x, qa, a0);
            b0 = Vector512.FusedMultiplyAdd(x, qb, b0);
            c0 = Vector512.FusedMultiplyAdd(x, qc, c0);
            d0 = Vector512.FusedMultiplyAdd(x, qd, d0);
            x = Vector512.Create(r1[i]);
            a1 = Vector512.FusedMultiplyAdd(x, qa, a1);
            b1 = Vector512.FusedMultiplyAdd(x, qb, b1);
            c1 = Vector512.FusedMultiplyAdd(x, qc, c1);
            d1 = Vector512.FusedMultiplyAdd(x, qd, d1);
            x = Vector512.Create(r2[i]);
            a2 = Vector512.FusedMultiplyAdd(x, qa, a2);
            b2 = Vector512.FusedMultiplyAdd(x, qb, b2);
            c2 = Vector512.FusedMultiplyAdd(x, qc, c2);
            d2 = Vector512.FusedMultiplyAdd(x, qd, d2);
            x = Vector512.Create(r3[i]);
            a3 = Vector512.FusedMultiplyAdd(x, qa, a3);
            b3 = Vector512.FusedMultiplyAdd(x, qb, b3);
            c3 = Vector512.FusedMultiplyAdd(x, qc, c3);
            d3 = Vector512.FusedMultiplyAdd(x, qd, d3);
            x = Vector512.Create(r4[i]);
            a4 = Vector512.FusedMultiplyAdd(x, qa, a4);
            b4 = Vector512.FusedMultiplyAdd(x, qb, b4);
            c4 = Vector512.FusedMultiplyAdd(x, qc, c4);
            d4 = Vector512.FusedMultiplyAdd(x, qd, d4);
            x = Vector512.Create(r5[i]);
            a5 = Vector512.FusedMultiplyAdd(x, qa, a5);
            b5 = Vector512.FusedMultiplyAdd(x, qb, b5);
            c5 = Vector512.FusedMultiplyAdd(x, qc, c5);
            d5 = Vector512.FusedMultiplyAdd(x, qd, d5);
        }

        Store(products, a0, b0, c0, d0);
        Store(products + Lanes, a1, b1, c1, d1);
        Store(products + (2 * Lanes), a2, b2, c2, d2);
        Store(products + (3 * Lanes), a3, b3, c3, d3);
        Store(products + (4 * Lanes), a4, b4, c4, d4);
        Store(products + (5 * Lanes), a5, b5, c5, d5);
    }

    private static void Store(float* target, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        a.Store(target);
        b.Store(target + 16);
        c.Store(target + 32);
        d.Store(target + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Length(float* row, int width)
    {
        Vector512<float> sum = default;
        int i = 0;
        for (; i <= width - 16; i += 16)
        {
            Vector512<float> x = Vector512.Load(row + i);
            sum = Vector512.FusedMultiplyAdd(x, x, sum);
        }

        float total = Vector512.Sum(sum);
        for (; i < width; i++)
        {
            total += row[i] * row[i];
        }

        return MathF.Sqrt(total);
    }
}
