using System.Formats.Tar;
using System.Text;
using Parquet;
using Parquet.Schema;

namespace GMem.Tool.Tests;

/// <summary>Pictures with labels, written as a shard of WebDataset, a Parquet file and a list.</summary>
internal static class SourceFiles
{
    public static string Tar(string path, IEnumerable<(string Path, string Label)> pictures)
    {
        File.Delete(path);
        using FileStream file = File.Create(path);
        using TarWriter tar = new(file);
        foreach ((string picture, string label) in pictures)
        {
            string key = $"{label}-{Path.GetFileNameWithoutExtension(picture)}";
            tar.WriteEntry(picture, $"{key}.png");
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{key}.cls")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(label)),
            });
        }

        return path;
    }

    public static string List(string path, IEnumerable<(string Path, string Label)> pictures)
    {
        string folder = Path.GetDirectoryName(path)!;
        File.WriteAllLines(path, ["path,label", .. pictures.Select(p => $"{Path.GetRelativePath(folder, p.Path)},{p.Label}")]);
        return path;
    }

    public static string Parquet(string path, IEnumerable<(string Path, string Label)> pictures)
    {
        WriteAsync().GetAwaiter().GetResult();
        return path;

        async Task WriteAsync()
        {
            DataField<byte[]> image = new("image");
            DataField<string> label = new("label");
            await using FileStream file = File.Create(path);
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(image, label), file);
            foreach ((string Path, string Label)[] chunk in pictures.Chunk(10))
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                await group.WriteAsync(image, (byte[][])[.. chunk.Select(p => File.ReadAllBytes(p.Path))]);
                await group.WriteAsync(label, (string[])[.. chunk.Select(p => p.Label)]);
            }
        }
    }
}
