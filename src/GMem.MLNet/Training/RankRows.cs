using GMem.Distributed;
using GMem.Images;

namespace GMem.MLNet.Training;

/// <summary>
/// Decodes the rows of a view together with other ranks: all read the same rows, each decodes its share of every window of them, and all
/// get the result.
/// </summary>
/// <param name="ranks">Who reads together.</param>
internal sealed class RankRows(RankGroup ranks)
{
    private const int RowsOfARank = 32;

    /// <summary>What a row has become.</summary>
    private enum Outcome : byte
    {
        Decoded,
        Bad,
        Missing,
    }

    /// <summary>Rows that are exchanged at once.</summary>
    public int Window => RowsOfARank * ranks.Size;

    /// <summary>Whether this rank decodes a row.</summary>
    public bool IsOwn(long row) => row % Window / RowsOfARank == ranks.Rank;

    /// <summary>The rows of a window, decoded by whoever had them.</summary>
    /// <param name="window">The rows in their order; those of others have no image yet.</param>
    /// <exception cref="RanksDifferException">The ranks do not read the same rows.</exception>
    public IReadOnlyList<PendingRow> Exchange(IReadOnlyList<PendingRow> window)
    {
        using MemoryStream own = new();
        using (BinaryWriter writer = new(own))
        {
            writer.Write(window.Count);
            foreach (PendingRow row in window.Where(r => IsOwn(r.Number)))
            {
                Write(writer, row.Image);
            }
        }

        BinaryReader[] readers = [.. ranks.Exchange(own.ToArray()).Select(bytes => new BinaryReader(new MemoryStream(bytes)))];
        int[] counts = Array.ConvertAll(readers, r => r.ReadInt32());
        if (Array.FindIndex(counts, c => c != counts[0]) is int other and > 0)
        {
            throw new RanksDifferException(
                $"Rank {other} of {ranks.Size} was not given what rank 0 was: after row "
                    + $"{(window.Count > 0 ? window[0].Number : 0)} its data have "
                    + $"{counts[other]} rows where those of rank 0 have {counts[0]}. Give all ranks the same data.");
        }

        return [.. window.Select(row => IsOwn(row.Number) ? row : row with { Image = Read(readers[row.Number % Window / RowsOfARank]) })];
    }

    private static void Write(BinaryWriter writer, Task<DecodedRow> image)
    {
        try
        {
            DecodedRow row = image.GetAwaiter().GetResult();
            writer.Write((byte)Outcome.Decoded);
            writer.Write(row.Image.Width);
            writer.Write(row.Image.Height);
            writer.Write(row.Image.Channels);
            writer.Write(row.Image.Pixels.Length);
            writer.Write(row.Image.Pixels);
            Write(writer, row.Features);
            Write(writer, row.MirroredFeatures);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            writer.Write((byte)(e is FileNotFoundException ? Outcome.Missing : Outcome.Bad));
            writer.Write(e.Message);
        }
    }

    private static Task<DecodedRow> Read(BinaryReader reader)
    {
        Outcome outcome = (Outcome)reader.ReadByte();
        if (outcome != Outcome.Decoded)
        {
            string message = reader.ReadString();
            return Task.FromException<DecodedRow>(
                outcome == Outcome.Missing ? new FileNotFoundException(message) : new InvalidDataException(message));
        }

        (int width, int height, int channels) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        RgbImage image = new(width, height, reader.ReadBytes(reader.ReadInt32()), channels);
        return Task.FromResult(new DecodedRow(image, ReadFloats(reader), ReadFloats(reader)));
    }

    private static void Write(BinaryWriter writer, float[]? numbers)
    {
        writer.Write(numbers?.Length ?? -1);
        foreach (float number in numbers ?? [])
        {
            writer.Write(number);
        }
    }

    private static float[]? ReadFloats(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        return count < 0 ? null : [.. Enumerable.Range(0, count).Select(_ => reader.ReadSingle())];
    }
}
