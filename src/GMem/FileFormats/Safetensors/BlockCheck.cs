using System.Buffers.Binary;
using System.IO.Hashing;

namespace GMem.FileFormats;

/// <summary>Compares the blocks of one tensor with the hashes that its file carries, each block once. Thread-safe.</summary>
/// <param name="hashes">Of every <see cref="TensorHashes.Block"/> bytes, 8 bytes each, big-endian.</param>
/// <param name="seed">Of the hashes.</param>
/// <param name="file">What to call the file in an error.</param>
/// <param name="entry">The tensor.</param>
internal sealed unsafe class BlockCheck(byte[] hashes, long seed, string file, SafetensorsEntry entry)
{
    private readonly bool[] _checked = new bool[hashes.Length / sizeof(ulong)];

    /// <summary>Checks the blocks that hold a range of the tensor.</summary>
    /// <param name="tensor">The address of its first byte.</param>
    /// <param name="offset">Where the range begins.</param>
    /// <param name="count">Its length in bytes.</param>
    /// <exception cref="InvalidDataException">A block is damaged; the message names the file, the tensor and the bytes.</exception>
    public void Require(byte* tensor, long offset, long count)
    {
        for (int block = BlockOf(offset); count > 0 && block <= BlockOf(offset + count - 1); block++)
        {
            if (!_checked[block])
            {
                long start = (long)block * TensorHashes.Block;
                RequireBlock(block, new ReadOnlySpan<byte>(tensor + start, (int)Math.Min(TensorHashes.Block, entry.Length - start)));
            }
        }
    }

    /// <summary>Checks a whole tensor.</summary>
    public void Require(ByteStore tensor)
    {
        byte[] buffer = new byte[(int)Math.Min(TensorHashes.Block, tensor.Length)];
        for (int block = 0; block < _checked.Length; block++)
        {
            long start = (long)block * TensorHashes.Block;
            Span<byte> bytes = buffer.AsSpan(0, (int)Math.Min(buffer.Length, tensor.Length - start));
            tensor.CopyTo(start, bytes);
            if (!_checked[block])
            {
                RequireBlock(block, bytes);
            }
        }
    }

    private void RequireBlock(int block, ReadOnlySpan<byte> bytes)
    {
        ulong expected = BinaryPrimitives.ReadUInt64BigEndian(hashes.AsSpan(block * sizeof(ulong)));
        if (XxHash3.HashToUInt64(bytes, seed) != expected)
        {
            long start = (long)block * TensorHashes.Block;
            throw new InvalidDataException(
                $"'{file}' is damaged: bytes {start:N0} to {start + bytes.Length:N0} of the tensor '{entry.Name}', or what the header says "
                    + "of it, are not what was written.");
        }

        _checked[block] = true;
    }

    private static int BlockOf(long offset) => (int)(offset / TensorHashes.Block);
}
