using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Text;
using GMem.Runtime;
using GMem.Tests.Shared;

namespace GMem.Tests.Runtime;

[UnsupportedOSPlatform("windows")]
public sealed class CompatibleShimTests
{
    private const string Wanted = "GLIBCXX_3.4.32";

    [Fact]
    public void MakeVersionWeak_FileThatAsksForIt_ChangesOneFlagOnly()
    {
        byte[] elf = SmallElf("GLIBCXX_3.4.30", Wanted);
        byte[] before = [.. elf];
        CompatibleShim.MakeVersionWeak(elf, Wanted);
        int changed = Assert.Single(Enumerable.Range(0, elf.Length), i => elf[i] != before[i]);
        Assert.Equal(before[changed] | 2, elf[changed]);
        Assert.Equal(SecondEntryFlags, changed);
    }

    [Fact]
    public void MakeVersionWeak_FileThatDoesNotAsk_IsRefused()
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(
            () => CompatibleShim.MakeVersionWeak(SmallElf("GLIBCXX_3.4.30", "GLIBC_2.38"), Wanted));
        Assert.Contains("does not ask for GLIBCXX_3.4.32", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(130)]
    [InlineData(250)]
    public void MakeVersionWeak_CutShort_IsRefused(int length) =>
        Assert.Throws<InvalidDataException>(() => CompatibleShim.MakeVersionWeak(SmallElf("A", Wanted).AsSpan(0, length), Wanted));

    [Fact]
    public void MakeCopy_SecondTime_KeepsTheFile()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the copy is for Linux");
        using TemporaryFolder folder = new();
        string original = Original(folder);
        string copy = CompatibleShim.MakeCopy(original, Wanted, folder.Path);
        DateTime written = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(copy, written);
        Assert.Equal(copy, CompatibleShim.MakeCopy(original, Wanted, folder.Path));
        Assert.Equal(written, File.GetLastWriteTimeUtc(copy));
        Assert.Equal([copy], Directory.EnumerateFiles(Path.GetDirectoryName(copy)!));
        Assert.NotEqual(File.ReadAllBytes(original), File.ReadAllBytes(copy));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MakeCopy_CachedFileThatIsDamaged_IsReplaced(bool cutShort)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the copy is for Linux");
        using TemporaryFolder folder = new();
        string original = Original(folder);
        string copy = CompatibleShim.MakeCopy(original, Wanted, folder.Path);
        byte[] expected = File.ReadAllBytes(copy), damaged = [.. expected];
        damaged[^1] ^= 1;
        File.WriteAllBytes(copy, cutShort ? damaged[..100] : damaged);
        Assert.Equal(copy, CompatibleShim.MakeCopy(original, Wanted, folder.Path));
        Assert.Equal(expected, File.ReadAllBytes(copy));
    }

    [Fact]
    public void MakeCopy_CachedFileThatIsALink_IsReplaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the copy is for Linux");
        using TemporaryFolder folder = new();
        string original = Original(folder);
        string copy = CompatibleShim.MakeCopy(original, Wanted, folder.Path), other = folder.File("other.so");
        File.Move(copy, other);
        _ = File.CreateSymbolicLink(copy, other);
        Assert.Equal(copy, CompatibleShim.MakeCopy(original, Wanted, folder.Path));
        Assert.Null(new FileInfo(copy).LinkTarget);
    }

    [Fact]
    public void MakeCopy_FoldersThatOthersMayWrite_BecomePrivate()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the copy is for Linux");
        using TemporaryFolder folder = new();
        string original = Original(folder);
        DirectoryInfo ours = new FileInfo(CompatibleShim.MakeCopy(original, Wanted, folder.Path)).Directory!;
        ours.UnixFileMode |= UnixFileMode.OtherWrite;
        _ = CompatibleShim.MakeCopy(original, Wanted, folder.Path);
        for (DirectoryInfo each = ours; each.FullName != folder.Path; each = each.Parent!)
        {
            each.Refresh();
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, each.UnixFileMode);
        }
    }

    [Fact]
    public void MakeCopy_CacheThatAnyoneMayWrite_IsRefusedUnlessSticky()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the copy is for Linux");
        using TemporaryFolder folder = new();
        string original = Original(folder);
        DirectoryInfo cache = new(folder.Path);
        cache.UnixFileMode |= UnixFileMode.OtherWrite;
        string Copy() => CompatibleShim.MakeCopy(original, Wanted, folder.Path);
        Assert.Contains("chmod o-w", Assert.Throws<UnauthorizedAccessException>(Copy).Message, StringComparison.Ordinal);
        cache.UnixFileMode |= UnixFileMode.StickyBit;
        Assert.True(File.Exists(Copy()));
    }

    private static string Original(TemporaryFolder folder)
    {
        string path = folder.File("shim.so");
        File.WriteAllBytes(path, SmallElf("GLIBCXX_3.4.30", Wanted));
        return path;
    }

    private const int Needs = 64 + (3 * 64);
    private const int SecondEntryFlags = Needs + 16 + 16 + 4;

    /// <summary>An ELF header, three section headers, one needed library with two versions, and their names.</summary>
    private static byte[] SmallElf(string first, string second)
    {
        const int strings = Needs + 48;
        byte[] elf = new byte[strings + 64];
        "\u007fELF\u0002\u0001"u8.CopyTo(elf);
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(0x28), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(0x3a), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(0x3c), 3);
        Section(1, 3, strings, 0, 0);
        Section(2, 0x6ffffffe, Needs, 1, 1);
        Span<byte> need = elf.AsSpan(Needs);
        BinaryPrimitives.WriteUInt16LittleEndian(need[2..], 2);
        BinaryPrimitives.WriteUInt32LittleEndian(need[8..], 16);
        BinaryPrimitives.WriteUInt32LittleEndian(need[(16 + 8)..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(need[(16 + 12)..], 16);
        BinaryPrimitives.WriteUInt32LittleEndian(need[(32 + 8)..], (uint)(2 + first.Length));
        Encoding.ASCII.GetBytes($"\0{first}\0{second}\0").CopyTo(elf, strings);
        return elf;

        void Section(int index, uint type, ulong offset, uint link, uint info)
        {
            Span<byte> header = elf.AsSpan(64 + (index * 64), 64);
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], type);
            BinaryPrimitives.WriteUInt64LittleEndian(header[0x18..], offset);
            BinaryPrimitives.WriteUInt32LittleEndian(header[0x28..], link);
            BinaryPrimitives.WriteUInt32LittleEndian(header[0x2c..], info);
        }
    }
}
