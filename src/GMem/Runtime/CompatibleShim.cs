using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace GMem.Runtime;

/// <summary>
/// TorchSharp 0.107's shim requires version GLIBCXX_3.4.32 of libstdc++ (GCC 13). The only symbol it needs from that version,
/// <c>_ZSt21ios_base_library_initv</c>, is an empty marker that nothing calls. Marking the version as weak in a copy
/// of the file lets the dynamic loader accept an older libstdc++ (Debian 12, Ubuntu 22.04, RHEL 9).
/// </summary>
internal static class CompatibleShim
{
    private const uint SectionTypeVersionNeeds = 0x6ffffffe;
    private const ushort WeakVersion = 0x2;

    /// <summary>Returns the patched copy in the user's cache, created once for each content of the original.</summary>
    /// <remarks>Because the copy will be loaded, an existing one must have the hash of what would be written now, and it must lie where no
    /// other user can write.</remarks>
    /// <exception cref="InvalidDataException">The file is not a 64-bit little-endian ELF file that requires the version.</exception>
    /// <exception cref="UnauthorizedAccessException">The cache is not writable, or another user could change the file in it.</exception>
    [UnsupportedOSPlatform("windows")]
    public static string MakeCopy(string original, string version) => MakeCopy(original, version, CacheFolder());

    /// <param name="original">TorchSharp's own file.</param>
    /// <param name="version">The version of libstdc++ to make optional.</param>
    /// <param name="cache">The user's cache folder, shared by all programs.</param>
    [UnsupportedOSPlatform("windows")]
    internal static string MakeCopy(string original, string version, string cache)
    {
        byte[] content = File.ReadAllBytes(original);
        string hash = Convert.ToHexStringLower(SHA256.HashData(content))[..16];
        MakeVersionWeak(content, version);
        string folder = MakePrivateFolder(cache, "gmem", "native", hash);
        string copy = Path.Combine(folder, Path.GetFileName(original));
        if (HasHash(copy, SHA256.HashData(content)))
        {
            return copy;
        }

        string temporary = Path.Combine(folder, $"{Guid.NewGuid():N}.tmp");
        try
        {
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, copy, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }

        return copy;
    }

    /// <summary>Also false if the file does not exist or is a link, whose target could change.</summary>
    private static bool HasHash(string path, ReadOnlySpan<byte> expected)
    {
        if (new FileInfo(path) is not { Exists: true, LinkTarget: null })
        {
            return false;
        }

        using FileStream file = File.OpenRead(path);
        return SHA256.HashData(file).AsSpan().SequenceEqual(expected);
    }

    /// <summary>Creates nested folders that only this user can access.</summary>
    [UnsupportedOSPlatform("windows")]
    private static string MakePrivateFolder(string cache, params ReadOnlySpan<string> names)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        DirectoryInfo folder = Directory.CreateDirectory(cache);
        if ((folder.UnixFileMode & (UnixFileMode.OtherWrite | UnixFileMode.StickyBit)) == UnixFileMode.OtherWrite)
        {
            throw new UnauthorizedAccessException(
                $"any user may replace folders in '{cache}'; use 'chmod o-w', or name another folder in XDG_CACHE_HOME");
        }

        foreach (string name in names)
        {
            folder = Directory.CreateDirectory(Path.Combine(folder.FullName, name), Private);
            if (folder.LinkTarget is not null)
            {
                throw new UnauthorizedAccessException($"'{folder.FullName}' is a link, and must be a folder of its own");
            }

            // The folder may already exist. Only the owner can change its mode, so this fails if another user created it.
            folder.UnixFileMode = Private;
        }

        return folder.FullName;
    }

    /// <summary>Sets the weak flag of one required version in the section <c>.gnu.version_r</c>.</summary>
    internal static void MakeVersionWeak(Span<byte> elf, string version)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException("not a 64-bit little-endian ELF file");
        }

        try
        {
            (int needs, int count, int strings) = FindVersionNeeds(elf);
            for (int i = 0; i < count; i++)
            {
                int entry = needs + (int)U32(elf, needs + 8);
                for (int k = U16(elf, needs + 2); k > 0; k--)
                {
                    if (Name(elf, strings + (int)U32(elf, entry + 8)) == version)
                    {
                        BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], (ushort)(U16(elf, entry + 4) | WeakVersion));
                        return;
                    }

                    entry += (int)U32(elf, entry + 12);
                }

                needs += (int)U32(elf, needs + 12);
            }
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new InvalidDataException("the ELF file is cut short or damaged", e);
        }

        throw new InvalidDataException($"the ELF file does not ask for {version}");
    }

    /// <returns>File offsets of the version needs and of their strings, and the number of entries.</returns>
    private static (int Needs, int Count, int Strings) FindVersionNeeds(ReadOnlySpan<byte> elf)
    {
        int table = checked((int)U64(elf, 0x28));
        int size = U16(elf, 0x3a);
        int sections = U16(elf, 0x3c);
        for (int i = 0; i < sections; i++)
        {
            int header = table + (i * size);
            if (U32(elf, header + 4) == SectionTypeVersionNeeds)
            {
                int linked = table + ((int)U32(elf, header + 0x28) * size);
                return ((int)U64(elf, header + 0x18), (int)U32(elf, header + 0x2c), (int)U64(elf, linked + 0x18));
            }
        }

        throw new InvalidDataException("the ELF file has no section of needed versions");
    }

    private static string CacheFolder() =>
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named ? named
        : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? Path.Combine(home, ".cache")
        : Path.Combine(Path.GetTempPath(), $"gmem-{Environment.UserName}");

    private static ushort U16(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt16LittleEndian(b[at..]);

    private static uint U32(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt32LittleEndian(b[at..]);

    private static ulong U64(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt64LittleEndian(b[at..]);

    private static string Name(ReadOnlySpan<byte> b, int at)
    {
        ReadOnlySpan<byte> rest = b[at..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
