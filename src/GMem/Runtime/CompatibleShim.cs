using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace GMem.Runtime;

/// <summary>
/// TorchSharp 0.107's shim asks for version GLIBCXX_3.4.32 of libstdc++ (GCC 13). The one symbol behind it,
/// <c>_ZSt21ios_base_library_initv</c>, is an empty marker which nothing calls. Marking that version as weak in a copy
/// of the file lets the dynamic loader accept an older libstdc++ (Debian 12, Ubuntu 22.04, RHEL 9).
/// </summary>
internal static class CompatibleShim
{
    private const uint SectionTypeVersionNeeds = 0x6ffffffe;
    private const ushort WeakVersion = 0x2;

    /// <summary>The patched copy in the user's cache, made once for each content of the original.</summary>
    /// <exception cref="InvalidDataException">The file is not a 64-bit little-endian ELF file that asks for the version.</exception>
    public static string MakeCopy(string original, string version)
    {
        byte[] content = File.ReadAllBytes(original);
        string hash = Convert.ToHexStringLower(SHA256.HashData(content))[..16];
        string folder = Path.Combine(CacheFolder(), "gmem", "native", hash);
        string copy = Path.Combine(folder, Path.GetFileName(original));
        if (File.Exists(copy) && new FileInfo(copy).Length == content.Length)
        {
            return copy;
        }

        MakeVersionWeak(content, version);
        _ = Directory.CreateDirectory(folder);
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

    /// <summary>Sets the weak flag of one needed version in the section <c>.gnu.version_r</c>.</summary>
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
        : Path.GetTempPath();

    private static ushort U16(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt16LittleEndian(b[at..]);

    private static uint U32(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt32LittleEndian(b[at..]);

    private static ulong U64(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt64LittleEndian(b[at..]);

    private static string Name(ReadOnlySpan<byte> b, int at)
    {
        ReadOnlySpan<byte> rest = b[at..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
