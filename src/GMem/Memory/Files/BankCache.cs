using System.Security.Cryptography;
using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>Large banks from streams, each kept in one file named by its SHA-256, so that it can be mapped.</summary>
internal static class BankCache
{
    private const int Piece = 1 << 20;

    public static string DefaultFolder
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named ? named
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? Path.Combine(home, ".cache")
                : Path.GetTempPath();
            return Path.Combine(cache, "gmem", "memory");
        }
    }

    /// <summary>
    /// Maps the bank whose header has been read from the stream. Its bytes are copied to the cache unless they are there already.
    /// </summary>
    public static MemoryBank Keep(SafetensorsHeader header, Stream stream, string name, string folder)
    {
        Directory.CreateDirectory(folder);
        if (stream.CanSeek)
        {
            // Reading twice is cheaper than writing once what is there already.
            long position = stream.Position;
            string known = PathOf(folder, Copy(header, stream, Stream.Null, name));
            if (IsWhole(known, header))
            {
                return BankReader.Open(known);
            }

            stream.Position = position;
        }

        string temporary = Path.Combine(folder, $"{Guid.NewGuid():N}.tmp");
        try
        {
            string path;
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                path = PathOf(folder, Copy(header, stream, file, name));
                file.Flush(flushToDisk: true);
            }

            if (!IsWhole(path, header))
            {
                File.Move(temporary, path, overwrite: true);
            }

            return BankReader.Open(path);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static string PathOf(string folder, string hash) => Path.Combine(folder, hash + ".safetensors");

    /// <summary>What was cut short or damaged since it was kept is written again.</summary>
    private static bool IsWhole(string path, SafetensorsHeader header)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length != header.DataStart + header.DataLength)
            {
                return false;
            }

            using SafetensorsFile file = SafetensorsFile.Open(path);
            if (!file.HasHashes)
            {
                using FileStream whole = File.OpenRead(path);
                return Convert.ToHexStringLower(SHA256.HashData(whole)) == Path.GetFileNameWithoutExtension(path);
            }

            file.Verify();
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Copies header and data, and returns the hash of both in hexadecimal.</summary>
    private static string Copy(SafetensorsHeader header, Stream source, Stream target, string name)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] head = header.ToBytes();
        target.Write(head);
        hash.AppendData(head);
        byte[] buffer = new byte[Piece];
        for (long left = header.DataLength; left > 0;)
        {
            int read = source.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0)
            {
                throw new InvalidDataException($"'{name}' ends {left:N0} bytes before its last tensor is complete; it was cut short.");
            }

            target.Write(buffer, 0, read);
            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
