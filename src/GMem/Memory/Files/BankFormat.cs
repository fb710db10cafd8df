namespace GMem.Memory;

/// <summary>
/// A memory bank on disk: a safetensors file of the tensors listed here, those of 8-byte elements first. Version 1.
/// <list type="table">
/// <item><term><c>ids</c> I64 [n]</term><description>absent where entry i has the id i</description></item>
/// <item><term><c>weights</c> F64 [n]</term><description>sampling weights; absent where all entries are equally likely</description></item>
/// <item><term><c>source_offsets</c> I64 [n + 1], <c>source_text</c> U8</term><description>
/// UTF-8; an empty text means none; absent where no entry has a source
/// </description></item>
/// <item><term><c>label_offsets</c> I64 [l + 1], <c>label_text</c> U8, <c>label_numbers</c> I32 [n]</term><description>
/// the l labels, and the number of each entry's label (-1: none); absent where no entry has a label
/// </description></item>
/// <item><term>the tensors of the storage</term><description>
/// those that <see cref="SnippetStorage.WriteTensors"/> writes, then the stored vectors <c>[n, width]</c>
/// </description></item>
/// </list>
/// Metadata: <c>format</c>, <c>version</c>, <c>storage</c> (a <see cref="SnippetStorage.Kind"/>), and <c>next_id</c>, the id of
/// the next new entry. Hashes as in <see cref="GMem.FileFormats.TensorHashes"/>.
/// </summary>
internal static class BankFormat
{
    public const string FormatKey = "format";
    public const string Format = "gmem-memory-bank";
    public const string VersionKey = "version";
    public const int Version = 1;
    public const string StorageKey = "storage";
    public const string NextIdKey = "next_id";

    public const string Ids = "ids";
    public const string Weights = "weights";
    public const string SourceOffsets = "source_offsets";
    public const string SourceText = "source_text";
    public const string LabelOffsets = "label_offsets";
    public const string LabelText = "label_text";
    public const string LabelNumbers = "label_numbers";

    /// <summary>The tensors that banks of every storage may have.</summary>
    public static string[] Columns { get; } = [Ids, Weights, SourceOffsets, SourceText, LabelOffsets, LabelText, LabelNumbers];
}
