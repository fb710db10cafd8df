using System.Formats.Tar;

namespace GMem.Tests.Images.Collections;

/// <summary>Tar files of small entries.</summary>
internal static class TarFiles
{
    public static void Write(string path, TarEntryFormat format, (string Name, byte[] Bytes)[] entries)
    {
        File.Delete(path);
        using FileStream file = File.Create(path);
        using TarWriter writer = new(file, format);
        foreach ((string name, byte[] bytes) in entries)
        {
            TarEntryType type = format == TarEntryFormat.V7 ? TarEntryType.V7RegularFile : TarEntryType.RegularFile;
            using MemoryStream data = new(bytes);
            TarEntry entry = format switch
            {
                TarEntryFormat.V7 => new V7TarEntry(type, name),
                TarEntryFormat.Ustar => new UstarTarEntry(type, name),
                TarEntryFormat.Gnu => new GnuTarEntry(type, name),
                _ => new PaxTarEntry(type, name),
            };
            entry.DataStream = data;
            writer.WriteEntry(entry);
        }
    }
}
