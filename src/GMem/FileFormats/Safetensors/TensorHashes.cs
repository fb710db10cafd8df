using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace GMem.FileFormats;

/// <summary>
/// The hashes by which damage to a tensor is noticed, as a safetensors file carries them in its metadata: under
/// <c>gmem.xxh3:NAME</c> the XxHash3 of every 256 KiB of the tensor NAME, 8 bytes each, big-endian, in base64; and under
/// <c>gmem.xxh3.block</c> that length in bytes. The seed is the XxHash3 of the tensor's line in the header, seeded with that of all other
/// metadata, so that changes to these are noticed too.
/// </summary>
internal static class TensorHashes
{
    /// <summary>Small enough for a look-up of single rows, large enough that the hashes of 2 GB are 80 KB.</summary>
    public const int Block = 1 << 18;

    private const string Prefix = "gmem.xxh3";
    private const string BlockKey = Prefix + ".block";
    private const string TensorKey = Prefix + ":";
    private const int HashLength = sizeof(ulong);

    /// <summary>Whether an item of the metadata is one of these.</summary>
    public static bool IsKey(string key) => key.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The items to write.</summary>
    /// <param name="tensors">The tensors, and what writes the bytes of each; it is called here, and again when the file is written.</param>
    /// <param name="metadata">The other metadata.</param>
    public static IEnumerable<KeyValuePair<string, string>> Of(
        IReadOnlyList<(SafetensorsEntry Entry, Action<Stream> Write)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        yield return new(BlockKey, Block.ToString(CultureInfo.InvariantCulture));
        long others = HashOf(metadata);
        foreach ((SafetensorsEntry entry, Action<Stream> write) in tensors)
        {
            using HashingStream stream = new(SeedOf(entry, others));
            write(stream);
            yield return new(TensorKey + entry.Name, Convert.ToBase64String(stream.Finish()));
        }
    }

    /// <summary>Takes the hashes out of the metadata.</summary>
    /// <returns>What checks each tensor, by its name; null where the file has no hashes.</returns>
    /// <exception cref="InvalidDataException">There are hashes, but not those of these tensors.</exception>
    public static Dictionary<string, BlockCheck>? Take(
        Dictionary<string, string> metadata, IReadOnlyList<SafetensorsEntry> entries, string name)
    {
        Dictionary<string, string> found = metadata.Where(m => IsKey(m.Key)).ToDictionary(StringComparer.Ordinal);
        if (found.Count == 0)
        {
            return null;
        }

        foreach (string key in found.Keys)
        {
            _ = metadata.Remove(key);
        }

        long others = HashOf(metadata);
        byte[][] hashes = [.. entries.Select(e => Decode(found.GetValueOrDefault(TensorKey + e.Name)))];
        bool fit = found.Count == entries.Count + 1
            && found.GetValueOrDefault(BlockKey) == Block.ToString(CultureInfo.InvariantCulture)
            && entries.Zip(hashes).All(p => p.Second.Length == HashLength * BlocksOf(p.First.Length));
        return fit
            ? entries.Zip(hashes).ToDictionary(
                p => p.First.Name, p => new BlockCheck(p.Second, SeedOf(p.First, others), name, p.First), StringComparer.Ordinal)
            : throw SafetensorsHeader.Damaged(
                name, $"the hashes in its metadata ('{Prefix}...') are not those of its tensors. A program that changes tensors must leave "
                    + "these items out");
    }

    private static long BlocksOf(long length) => (length + Block - 1) / Block;

    private static byte[] Decode(string? text)
    {
        byte[] bytes = new byte[(text?.Length ?? 0) / 4 * 3];
        return text is not null && Convert.TryFromBase64String(text, bytes, out int written) ? bytes[..written] : [1];
    }

    private static long SeedOf(SafetensorsEntry entry, long others)
    {
        string shape = string.Join(',', entry.Shape.Select(s => s.ToString(CultureInfo.InvariantCulture)));
        string line = string.Join('\0', entry.Name, SafetensorsHeader.TypeName(entry.DataType), shape);
        return (long)XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(line), others);
    }

    private static long HashOf(IReadOnlyDictionary<string, string> metadata)
    {
        StringBuilder text = new();
        foreach ((string key, string value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            text.Append('\0').AppendJoin('\0', key, value);
        }

        return (long)XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>Hashes what is written to it, block by block, and keeps nothing of it.</summary>
    private sealed class HashingStream(long seed) : OneWayStream
    {
        private readonly XxHash3 _hash = new(seed);
        private readonly MemoryStream _hashes = new();
        private int _inBlock;

        public override bool CanWrite => true;

        public byte[] Finish()
        {
            if (_inBlock > 0)
            {
                EndBlock();
            }

            return _hashes.ToArray();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                int piece = Math.Min(buffer.Length, Block - _inBlock);
                _hash.Append(buffer[..piece]);
                buffer = buffer[piece..];
                _inBlock += piece;
                if (_inBlock == Block)
                {
                    EndBlock();
                }
            }
        }

        private void EndBlock()
        {
            Span<byte> hash = stackalloc byte[HashLength];
            BinaryPrimitives.WriteUInt64BigEndian(hash, _hash.GetCurrentHashAsUInt64());
            _hashes.Write(hash);
            _hash.Reset();
            _inBlock = 0;
        }
    }
}
