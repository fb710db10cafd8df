namespace GMem.Memory;

/// <summary>
/// How a bank stores its snippets. Of each snippet it keeps a vector: a fixed number of elements of one type, which only the
/// storage can interpret. Derive from this class to add a kind of your own, and <see cref="Register"/> it.
/// </summary>
/// <remarks>
/// Banks share their storage, so it must not change and must be safe for concurrent use. It must hold no native memory: nobody
/// disposes of it. A row must decode to the same bits whichever rows are decoded with it.
/// </remarks>
public abstract class SnippetStorage
{
    /// <summary>Every component as a 32-bit float: <c>4 n m</c> bytes. The default.</summary>
    public static SnippetStorage Float32 { get; } = new Float32Storage();

    /// <summary>
    /// Every component as a 16-bit float, which halves the size. Rows are brought back to unit length when they are read; products are
    /// formed in 32 bits.
    /// </summary>
    public static SnippetStorage Float16 { get; } = new Float16Storage();

    /// <summary>The name that bank files give this kind.</summary>
    public abstract string Kind { get; }

    /// <summary>The type of a stored vector's elements, one that safetensors files have.</summary>
    public abstract torch.ScalarType ElementType { get; }

    /// <summary>The name of the tensor <c>[n, width]</c> of stored vectors in a bank file. Default <c>rows</c>.</summary>
    public virtual string TensorName => "rows";

    /// <summary>Makes bank files of a kind readable.</summary>
    /// <param name="kind">The <see cref="Kind"/> of the storage.</param>
    /// <param name="read">Creates the storage of a bank file. Its argument reads the tensors that <see cref="WriteTensors"/> wrote.</param>
    /// <exception cref="ArgumentException">The kind is already registered.</exception>
    /// <remarks>Thread-safe.</remarks>
    public static void Register(string kind, Func<ReadStorageTensor, SnippetStorage> read) => StorageKinds.Register(kind, read);

    /// <summary>The number of elements stored for a snippet.</summary>
    /// <param name="dimension">The components of a snippet.</param>
    /// <returns>At least 1. Default: the dimension.</returns>
    /// <exception cref="ArgumentException">This storage only takes snippets of another dimension.</exception>
    public virtual int WidthOf(int dimension) => dimension;

    /// <summary>The inverse of <see cref="WidthOf"/>.</summary>
    /// <param name="width">The elements of a stored vector.</param>
    /// <returns>The components of a snippet. Default: the width.</returns>
    public virtual int DimensionOf(int width) => width;

    /// <summary>Turns snippets into stored vectors.</summary>
    /// <param name="unitRows">32-bit rows <c>[k, m]</c> of unit length on the CPU. They must not be changed.</param>
    /// <returns>Vectors <c>[k, width]</c> of <see cref="ElementType"/>.</returns>
    public abstract torch.Tensor Encode(torch.Tensor unitRows);

    /// <summary>Turns stored vectors into snippets.</summary>
    /// <param name="vectors"><c>[k, width]</c> of <see cref="ElementType"/> on the CPU. Their memory may be reused for the result.</param>
    /// <returns>32-bit rows <c>[k, m]</c> of unit length on the CPU.</returns>
    public abstract torch.Tensor Decode(torch.Tensor vectors);

    /// <summary>Prepares a scan of the bank for the entries nearest to a few snippets.</summary>
    /// <param name="queries">32-bit rows <c>[q, m]</c> of unit length. Products are formed on their device.</param>
    /// <param name="pageLength">The largest number of vectors in a page.</param>
    /// <returns>
    /// A function from a page of stored vectors <c>[p, width]</c> to cosines <c>[q, p]</c> in 32-bit floats. Pages follow one
    /// another in the same memory, which the function may overwrite. Default: decode and multiply.
    /// </returns>
    public virtual Func<torch.Tensor, torch.Tensor> Cosines(torch.Tensor queries, int pageLength)
    {
        Func<torch.Tensor, torch.Tensor> products = CosineKernel.For(queries, normalize: false);
        return vectors => products(Decode(vectors).to(queries.device));
    }

    /// <summary>How much of each snippet its stored vector keeps.</summary>
    /// <param name="unitRows">What was given to <see cref="Encode"/>.</param>
    /// <param name="vectors">What it returned.</param>
    /// <returns>
    /// The cosine <c>[k]</c> between each row and what <see cref="Decode"/> will make of it; NaN refuses a row of which nothing
    /// is left. Null, the default, where rows change by rounding only.
    /// </returns>
    public virtual torch.Tensor? Kept(torch.Tensor unitRows, torch.Tensor vectors) => null;

    /// <summary>Blends two stored vectors rather than the snippets they stand for.</summary>
    /// <param name="vectors"><c>[2, width]</c>.</param>
    /// <param name="mix">Blends two vectors of floats, <c>[width]</c> each.</param>
    /// <returns>The blend as a row <c>[m]</c> of any length.</returns>
    /// <exception cref="InvalidOperationException">The stored vectors are no coefficients. This is the default.</exception>
    public virtual torch.Tensor Blend(torch.Tensor vectors, Func<torch.Tensor, torch.Tensor, torch.Tensor> mix) =>
        throw new InvalidOperationException($"A memory bank stored as {this} has no coefficients; use Interpolate, or ToLowRank first.");

    /// <summary>Writes tensors that belong to the storage as a whole into a bank file. Default: none.</summary>
    /// <param name="write">Writes one tensor.</param>
    public virtual void WriteTensors(WriteStorageTensor write)
    {
    }

    /// <summary>Whether two storages interpret vectors in the same way, so that banks can share them.</summary>
    /// <param name="obj">Another storage.</param>
    /// <returns>
    /// Default: whether both are of the same class. Override it, and the hash code, in a storage that has tensors of its own.
    /// </returns>
    public override bool Equals(object? obj) => obj?.GetType() == GetType();

    /// <summary>Matches <see cref="Equals(object?)"/>.</summary>
    /// <returns>The hash code of the class.</returns>
    public override int GetHashCode() => GetType().GetHashCode();

    /// <summary>The kind, for messages.</summary>
    /// <returns>The name.</returns>
    public override string ToString() => Kind;
}
