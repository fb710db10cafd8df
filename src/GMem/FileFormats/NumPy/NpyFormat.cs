using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using GMem.FileFormats;

namespace GMem.FileFormats;

/// <summary>
/// One array in NumPy's <c>.npy</c> format (NEP 1): versions 1 to 3, little-endian, C and Fortran order. The header is a Python dictionary
/// literal, of which exactly the three keys of the format are read.
/// </summary>
internal static partial class NpyFormat
{
    private const int MostDimensions = 64;
    private const int LongestHeader = 1 << 16;
    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    private static readonly Dictionary<string, torch.ScalarType> Types = new()
    {
        ["<f8"] = torch.float64,
        ["<f4"] = torch.float32,
        ["<f2"] = torch.float16,
        ["<i8"] = torch.int64,
        ["<i4"] = torch.int32,
        ["|u1"] = torch.uint8,
    };

    /// <param name="stream">At the magic number.</param>
    /// <param name="length">Bytes that the stream is said to have; what the header claims must fit it before memory is taken.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <returns>A new tensor on the CPU; dispose it.</returns>
    public static torch.Tensor Read(Stream stream, long length, string name)
    {
        string header = ReadHeader(stream, name, out long headerBytes);
        string description = Value(DescriptionPattern(), header, "descr", name);
        if (!Types.TryGetValue(description, out torch.ScalarType type))
        {
            throw new InvalidDataException($"'{name}' has elements of type '{description}'; read are {string.Join(", ", Types.Keys)}.");
        }

        bool fortran = Value(OrderPattern(), header, "fortran_order", name) == "True";
        long[] shape = ReadShape(Value(ShapePattern(), header, "shape", name), name);
        long expected = ByteCount(shape, SafetensorsHeader.ElementSize(type), name);
        if (expected != length - headerBytes)
        {
            throw new InvalidDataException(
                $"'{name}' should hold {expected:N0} bytes of data for {description} ({string.Join(", ", shape)}) and holds "
                + $"{length - headerBytes:N0}; it is damaged.");
        }

        // Fortran order is C order of the transposed array.
        torch.Tensor stored = torch.empty(fortran ? [.. shape.Reverse()] : shape, dtype: type, device: torch.CPU);
        try
        {
            TensorBytes.Fill(stored, stream, name);
        }
        catch
        {
            stored.Dispose();
            throw;
        }

        if (!fortran || shape.Length < 2)
        {
            return stored;
        }

        using torch.Tensor transposed = stored.permute([.. Enumerable.Range(0, shape.Length).Reverse().Select(d => (long)d)]);
        torch.Tensor result = transposed.contiguous();
        stored.Dispose();
        return result;
    }

    /// <summary>Writes version 1.0 in C order.</summary>
    public static void Write(Stream stream, torch.Tensor array)
    {
        string description = Types.FirstOrDefault(t => t.Value == array.dtype).Key
            ?? throw new NotSupportedException($"Arrays of {array.dtype} are not written; {string.Join(", ", Types.Values)} are.");
        string shape = string.Concat(array.shape.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s}, ")));
        string axes = array.dim() > 1 ? shape.TrimEnd(' ', ',') : shape.TrimEnd();
        string header = $"{{'descr': '{description}', 'fortran_order': False, 'shape': ({axes}), }}";

        // The data begin at a multiple of 64 bytes, after a newline.
        int before = Magic.Length + 4;
        string padded = header + new string(' ', 63 - ((before + header.Length) % 64)) + "\n";
        Span<byte> size = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(size, (ushort)padded.Length);
        stream.Write(Magic);
        stream.Write([1, 0]);
        stream.Write(size);
        stream.Write(Encoding.ASCII.GetBytes(padded));
        using torch.Tensor onCpu = array.detach().cpu();
        using torch.Tensor plain = onCpu.contiguous();
        TensorBytes.WriteTo(stream, plain);
    }

    private static string ReadHeader(Stream stream, string name, out long total)
    {
        byte[] start = ReadBytes(stream, Magic.Length + 2, name);
        if (!start.AsSpan(0, Magic.Length).SequenceEqual(Magic) || start[^2] is < 1 or > 3)
        {
            throw new InvalidDataException($"'{name}' is no array of the .npy format, versions 1 to 3.");
        }

        byte[] size = ReadBytes(stream, start[^2] == 1 ? 2 : 4, name);
        uint length = size.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > LongestHeader)
        {
            throw new InvalidDataException($"'{name}' claims a header of {length:N0} bytes; at most {LongestHeader:N0} are read.");
        }

        total = start.Length + size.Length + length;
        return Encoding.UTF8.GetString(ReadBytes(stream, (int)length, name));
    }

    private static byte[] ReadBytes(Stream stream, int count, string name)
    {
        byte[] bytes = new byte[count];
        return stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count
            ? bytes
            : throw new InvalidDataException($"'{name}' ends inside its header; it was cut short.");
    }

    private static string Value(Regex pattern, string header, string key, string name)
    {
        Match match = pattern.Match(header);
        return match.Success
            ? match.Groups[1].Value
            : throw new InvalidDataException($"'{name}' has a header without a readable '{key}': {header.Trim()}");
    }

    private static long[] ReadShape(string text, string name)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return parts.Length > MostDimensions
            ? throw new InvalidDataException($"'{name}' has {parts.Length} dimensions; at most {MostDimensions} are read.")
            : [.. parts.Select(p => long.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out long size)
            ? size
            : throw new InvalidDataException($"'{name}' has the shape ({text}), which is none."))];
    }

    private static long ByteCount(long[] shape, int elementSize, string name)
    {
        try
        {
            // Strides are made of all sizes, also where another one is 0.
            long bytes = shape.Aggregate((long)elementSize, (a, b) => checked(a * Math.Max(b, 1)));
            return shape.Contains(0) ? 0 : bytes;
        }
        catch (OverflowException e)
        {
            throw new InvalidDataException($"'{name}' claims the shape ({string.Join(", ", shape)}), more than can be; it is damaged.", e);
        }
    }

    [GeneratedRegex(@"['""]descr['""]\s*:\s*['""]([^'""]+)['""]")]
    private static partial Regex DescriptionPattern();

    [GeneratedRegex(@"['""]fortran_order['""]\s*:\s*(True|False)")]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"['""]shape['""]\s*:\s*\(([^)]*)\)")]
    private static partial Regex ShapePattern();
}
