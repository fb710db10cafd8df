using System.IO.Compression;
using System.Text;

namespace GMem.Tests.FileFormats;

/// <summary>A zip as torch.save writes it.</summary>
internal static class CheckpointFile
{
    public static byte[] Zip(byte[] pickle, IReadOnlyDictionary<string, byte[]>? storages = null,
        string byteOrder = "little", CompressionLevel compression = CompressionLevel.NoCompression)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            void Add(string name, byte[] content)
            {
                using Stream entry = zip.CreateEntry("archive/" + name, compression).Open();
                entry.Write(content);
            }

            Add("data.pkl", pickle);
            Add("byteorder", Encoding.ASCII.GetBytes(byteOrder));
            foreach ((string key, byte[] content) in storages ?? new Dictionary<string, byte[]>())
            {
                Add("data/" + key, content);
            }

            Add("version", Encoding.ASCII.GetBytes("3\n"));
        }

        return stream.ToArray();
    }

    public static byte[] Floats(params float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
