using System.IO.Compression;

namespace GMem.Tool.Tests;

/// <summary>Zip archives for tests of what is damaged.</summary>
internal static class ZipEdit
{
    public static void Write(string path, params (string Name, string Text)[] entries)
    {
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string name, string text) in entries)
        {
            using StreamWriter writer = new(archive.CreateEntry(name).Open());
            writer.Write(text);
        }
    }

    /// <summary>A copy in which the text of every entry of one name is another.</summary>
    public static void Replace(string from, string to, string name, Func<string, string> change)
    {
        File.Copy(from, to);
        using ZipArchive archive = ZipFile.Open(to, ZipArchiveMode.Update);
        ZipArchiveEntry entry = archive.Entries.Single(e => Path.GetFileName(e.FullName.Replace('\\', '/')) == name);
        string text;
        using (StreamReader reader = new(entry.Open()))
        {
            text = reader.ReadToEnd();
        }

        string changed = change(text);
        Assert.NotEqual(text, changed);
        string full = entry.FullName;
        entry.Delete();
        using StreamWriter writer = new(archive.CreateEntry(full).Open());
        writer.Write(changed);
    }
}
