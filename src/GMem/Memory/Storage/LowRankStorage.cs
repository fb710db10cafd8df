namespace GMem.Memory;

/// <summary>
/// A mean <c>[m]</c>, an orthonormal basis <c>B</c> <c>[m, d]</c> and coefficients <c>c</c> <c>[d]</c> for each row: <c>row =
/// mean + B c</c>, then brought to unit length. The coefficients of a row are its projection <c>B^T (row - mean)</c>.
/// </summary>
/// <remarks>
/// Let <c>rest</c> be the part of the mean that lies outside the basis. With the coordinates <c>v = c + B^T mean</c> a row is
/// <c>B v + rest</c>, two parts at right angles: lengths and products follow from coordinates alone, without a difference of
/// nearly equal numbers.
/// </remarks>
internal sealed class LowRankStorage : SnippetStorage
{
    public const string Name = "LowRank";

    /// <summary>
    /// Rows are reconstructed in products of this many, so that the bits of a row do not depend on how many come with it: kernels for other
    /// sizes add in another order.
    /// </summary>
    private const int Block = 64;

    public const string MeanName = "mean";
    public const string BasisName = "basis";
    public const string SingularValuesName = "singular_values";
    public const string CoefficientsName = "coefficients";

    private readonly float[] _basis;
    private readonly float[] _meanCoordinates;
    private readonly float[] _rest;
    private readonly float _restSquare;

    /// <param name="mean">The mean of the rows from which the basis was made.</param>
    /// <param name="basis">Row-major <c>[m, d]</c>, orthonormal columns.</param>
    /// <param name="singularValues">Of the centred rows, the largest <c>d</c> in descending order.</param>
    public LowRankStorage(float[] mean, float[] basis, float[] singularValues)
    {
        Mean = mean;
        _basis = basis;
        SingularValues = singularValues;
        (_meanCoordinates, _rest) = Split(mean, basis, singularValues.Length);
        _restSquare = (float)_rest.Sum(r => (double)r * r);
    }

    /// <summary>The tensors of a bank file beside the coefficients.</summary>
    public static string[] TensorNames { get; } = [MeanName, BasisName, SingularValuesName];

    public float[] Mean { get; }

    public float[] SingularValues { get; }

    public int Rank => SingularValues.Length;

    public override string Kind => Name;

    public override torch.ScalarType ElementType => torch.ScalarType.Float32;

    public override string TensorName => CoefficientsName;

    /// <summary>
    /// The best basis for rows that are read page by page, from their mean and covariance <c>[m, m]</c> in double. The rows are
    /// never held, and no singular value decomposition of them is made.
    /// </summary>
    /// <returns>The largest <paramref name="rank"/> directions, and their share of the variance.</returns>
    public static (LowRankStorage Storage, double CapturedVariance) Fit(
        RowNormalizer.ReadRows rows,
        int count,
        int dimension,
        int rank,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope outer = torch.NewDisposeScope();
        torch.Tensor sum = torch.zeros(dimension, dtype: torch.float64);
        torch.Tensor products = torch.zeros(dimension, dimension, dtype: torch.float64);

        // One buffer for all pages: a new one each would be returned to the system and cleared by it every time.
        torch.Tensor buffer = torch.empty(Math.Min(RowNormalizer.Page, count), dimension, dtype: torch.float64);
        for (int start = 0; start < count; start += RowNormalizer.Page)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor page = rows(start, Math.Min(RowNormalizer.Page, count - start));
            torch.Tensor wide = buffer.narrow(0, 0, page.shape[0]).copy_(page);

            // The argument is named: a bare 0 is taken for an element type.
            sum.PlusInPlace(wide.sum(dim: 0));
            products.addmm_(wide.t(), wide, 1, 1);
        }

        torch.Tensor mean = sum.Times(1.0 / count);
        torch.Tensor scatter = products.PlusScaled(-count, mean.unsqueeze(1) * mean.unsqueeze(0));
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(scatter);

        // Rounding leaves some zeros slightly negative.
        torch.Tensor variances = values.relu();
        torch.Tensor largest = variances.flip(0).narrow(0, 0, rank);
        torch.Tensor basis = WithFixedSigns(vectors.flip(1).narrow(1, 0, rank));
        double total = variances.sum().item<double>();
        double captured = total > 0 ? largest.sum().item<double>() / total : 1;
        return (new LowRankStorage(ToArray(mean), ToArray(basis), ToArray(largest.sqrt())), captured);
    }

    public static LowRankStorage Read(ReadStorageTensor read)
    {
        float[] mean = read(MeanName, -1);
        float[] singularValues = read(SingularValuesName, -1);
        return new LowRankStorage(mean, read(BasisName, mean.Length, singularValues.Length), singularValues);
    }

    public override void WriteTensors(WriteStorageTensor write)
    {
        write(MeanName, Mean, Mean.Length);
        write(SingularValuesName, SingularValues, Rank);
        write(BasisName, _basis, Mean.Length, Rank);
    }

    public override int WidthOf(int dimension) => dimension == Mean.Length ? Rank
        : throw new ArgumentException(
            $"This low-rank storage is for snippets of {Mean.Length} components, not {dimension}.", nameof(dimension));

    public override int DimensionOf(int width) => Mean.Length;

    /// <summary>Projects rows <c>[k, m]</c> of any length onto the basis.</summary>
    public override torch.Tensor Encode(torch.Tensor unitRows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return unitRows.matmul(Matrix()).sub_(torch.tensor(_meanCoordinates)).MoveToOuterDisposeScope();
    }

    public override torch.Tensor Decode(torch.Tensor vectors)
    {
        torch.Tensor rows = Reconstruct(vectors);
        _ = UnitRows.Normalize(rows);
        return rows;
    }

    /// <summary>Coefficients <c>[k, d]</c> to raw rows <c>[k, m]</c>, not normalised.</summary>
    public torch.Tensor Reconstruct(torch.Tensor coefficients)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor across = Matrix().t().contiguous();
        torch.Tensor mean = torch.tensor(Mean);
        long count = coefficients.shape[0];
        torch.Tensor rows = torch.empty([count, Mean.Length]);
        for (long start = 0; start < count; start += Block)
        {
            using DisposeScope inner = torch.NewDisposeScope();
            long length = Math.Min(Block, count - start);
            torch.Tensor block = coefficients.narrow(0, start, length);
            if (length < Block)
            {
                block = torch.cat([block, torch.zeros([Block - length, Rank])]);
            }

            rows.narrow(0, start, length).copy_(block.matmul(across).narrow(0, 0, length));
        }

        return rows.PlusInPlace(mean).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// <c>q . row = (B^T q) . v + q . rest</c> and <c>|row|^2 = v . v + rest . rest</c>: the rows themselves are never made.
    /// </summary>
    public override Func<torch.Tensor, torch.Tensor> Cosines(torch.Tensor queries, int pageLength)
    {
        torch.Tensor shift = torch.tensor(_meanCoordinates).to(queries.device);
        torch.Tensor projected = queries.matmul(Matrix().to(queries.device));
        torch.Tensor outside = queries.matmul(torch.tensor(_rest).to(queries.device)).unsqueeze(1);
        return vectors =>
        {
            torch.Tensor coordinates = vectors.to(queries.device).PlusInPlace(shift);
            torch.Tensor norm = coordinates.Squared().sum(1).PlusInPlace(_restSquare).sqrt_();
            return projected.matmul(coordinates.t()).PlusInPlace(outside).div_(norm);
        };
    }

    /// <summary>
    /// The length of what is stored is <c>sqrt(v . v + rest . rest)</c>, its product with the row <c>v . v + row . rest</c>.
    /// </summary>
    public override torch.Tensor Kept(torch.Tensor unitRows, torch.Tensor vectors)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor inside = vectors.Plus(torch.tensor(_meanCoordinates)).Squared().sum(1);
        torch.Tensor length = inside.clone().PlusInPlace(_restSquare).sqrt_();
        torch.Tensor cosines = unitRows.mv(torch.tensor(_rest)).PlusInPlace(inside) / length;
        return cosines.FilledWhere(length.IsBelow(SnippetAlgebra.Vanished), double.NaN).MoveToOuterDisposeScope();
    }

    public override torch.Tensor Blend(torch.Tensor vectors, Func<torch.Tensor, torch.Tensor, torch.Tensor> mix) =>
        Reconstruct(mix(vectors[0], vectors[1]).unsqueeze(0)).squeeze(0);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj)
        || (obj is LowRankStorage other && Mean.AsSpan().SequenceEqual(other.Mean) && _basis.AsSpan().SequenceEqual(other._basis)
            && SingularValues.AsSpan().SequenceEqual(other.SingularValues));

    public override int GetHashCode() => HashCode.Combine(Mean.Length, Rank, SingularValues[0]);

    public override string ToString() => $"{Name} of rank {Rank}";

    private torch.Tensor Matrix() => torch.tensor(_basis, [Mean.Length, Rank]);

    /// <summary>
    /// Eigenvectors have no sign of their own: each one's largest component is made positive, so that a build can be repeated.
    /// </summary>
    private static torch.Tensor WithFixedSigns(torch.Tensor basis)
    {
        torch.Tensor largest = basis.gather(0, basis.abs().argmax(0, keepdim: true));
        return basis * largest.sign();
    }

    private static float[] ToArray(torch.Tensor tensor) => [.. tensor.to(torch.float32).contiguous().data<float>()];

    private static (float[] Coordinates, float[] Outside) Split(float[] mean, float[] basis, int rank)
    {
        double[] coordinates = new double[rank];
        for (int i = 0; i < mean.Length; i++)
        {
            for (int j = 0; j < rank; j++)
            {
                coordinates[j] += (double)mean[i] * basis[(i * rank) + j];
            }
        }

        float[] rest = new float[mean.Length];
        for (int i = 0; i < mean.Length; i++)
        {
            double inside = 0;
            for (int j = 0; j < rank; j++)
            {
                inside += coordinates[j] * basis[(i * rank) + j];
            }

            rest[i] = (float)(mean[i] - inside);
        }

        return (Array.ConvertAll(coordinates, c => (float)c), rest);
    }
}
