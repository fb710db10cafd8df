using Tensorboard;

namespace GMem.Tests.Training.Watching;

/// <summary>Reads an event file as TensorBoard does: records of length, checksum of the length, data, checksum of the data.</summary>
internal static class TensorBoardFile
{
    public static IEnumerable<Event> Read(string path)
    {
        using BinaryReader reader = new(File.OpenRead(path));
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            byte[] length = reader.ReadBytes(8);
            Assert.Equal(Masked(length), reader.ReadUInt32());
            byte[] data = reader.ReadBytes((int)BitConverter.ToInt64(length));
            Assert.Equal(Masked(data), reader.ReadUInt32());
            yield return Event.Parser.ParseFrom(data);
        }
    }

    /// <summary>CRC-32C (Castagnoli), rotated and offset as the format says.</summary>
    private static uint Masked(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78u);
            }
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
    }
}
