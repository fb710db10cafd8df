using System.IO.Compression;
using System.Text;
using GMem.Evaluation;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation;

/// <summary>Files as other programs write them, made byte by byte.</summary>
public sealed class NpzFileTests
{
    private static readonly double[] Mean = [1, 2];
    private static readonly double[] Covariance = [4, 0.5, 0.5, 3];

    [Theory]
    [InlineData(1, false, CompressionLevel.NoCompression, "<f8")]
    [InlineData(1, true, CompressionLevel.Optimal, "<f8")]
    [InlineData(2, false, CompressionLevel.Optimal, "<f4")]
    [InlineData(3, true, CompressionLevel.NoCompression, "<f4")]
    public void Load_EveryLayout_GivesTheNumbers(byte version, bool fortran, CompressionLevel level, string type)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, byte[]> arrays = new()
        {
            ["mu.npy"] = Npy(version, fortran, type, "(2,)", Mean),
            ["sigma.npy"] = Npy(version, fortran, type, "(2, 2)", Covariance),
            ["arr_0.npy"] = [1, 2, 3],
        };
        WithFile(arrays, level, path =>
        {
            using FeatureStatistics loaded = FeatureStatistics.Load(path);
            Assert.Null(loaded.Count);
            Assert.Equal(Mean, loaded.Mean.data<double>().ToArray());
            Assert.Equal(Covariance, loaded.Covariance.data<double>().ToArray());
        });
    }

    [Fact]
    public void Read_FortranOrder_IsTransposedBack()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        byte[] bytes = Npy(1, true, "<f8", "(2, 3)", [1, 4, 2, 5, 3, 6]);
        using MemoryStream stream = new(bytes);
        torch.Tensor array = NpyFormat.Read(stream, bytes.Length, "array");
        ReferenceFolder.Close(array, torch.tensor(new double[,] { { 1, 2, 3 }, { 4, 5, 6 } }), 0, 0, "array");
    }

    [Fact]
    public void Load_Spatial_ReadsTheOtherPair()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, byte[]> arrays = new()
        {
            ["mu.npy"] = Npy(1, false, "<f8", "(2,)", [0, 0]),
            ["sigma.npy"] = Npy(1, false, "<f8", "(2, 2)", [1, 0, 0, 1]),
            ["mu_s.npy"] = Npy(1, false, "<f8", "(2,)", Mean),
            ["sigma_s.npy"] = Npy(1, false, "<f8", "(2, 2)", Covariance),
        };
        WithFile(arrays, CompressionLevel.Optimal, path =>
        {
            using FeatureStatistics loaded = FeatureStatistics.Load(path, spatial: true);
            Assert.Equal(Mean, loaded.Mean.data<double>().ToArray());
        });
    }

    [Theory]
    [InlineData("(2,)", "(2, 3)", "<f8", "should hold")]
    [InlineData("(2,)", "(2, 2)", ">f8", "'>f8'")]
    [InlineData("(2,)", "(4,)", "<f8", "expected floats [D] and [D, D]")]
    [InlineData("(2,)", "(9223372036854775807, 2)", "<f8", "claims the shape")]
    [InlineData("(2,)", "(-2, 2)", "<f8", "which is none")]
    [InlineData("(2,)", "none", "<f8", "readable 'shape'")]
    public void Load_DamagedArray_NamesFileAndFault(string meanShape, string shape, string type, string fault)
    {
        Dictionary<string, byte[]> arrays = new()
        {
            ["mu.npy"] = Npy(1, false, "<f8", meanShape, Mean),
            ["sigma.npy"] = Npy(1, false, type, shape, Covariance),
        };
        WithFile(arrays, CompressionLevel.Optimal, path => Refuses(path, fault));
    }

    [Fact]
    public void Load_OtherContents_NamesFileAndFault()
    {
        byte[] mean = Npy(1, false, "<f8", "(2,)", Mean);
        byte[] covariance = Npy(1, false, "<f8", "(2, 2)", Covariance);
        WithFile(new() { ["arr_0.npy"] = mean }, CompressionLevel.Optimal, path => Refuses(path, "it has arr_0"));
        WithFile(
            new() { ["mu.npy"] = mean, ["sigma.npy"] = covariance[..20] }, CompressionLevel.Optimal, path => Refuses(path, "cut short"));
        WithFile(new() { ["mu.npy"] = mean, ["sigma.npy"] = [1, 2, 3, 4, 5, 6, 7, 8, 9] }, CompressionLevel.Optimal, path => Refuses(
            path, ".npy format"));
        WithFile(new() { ["mu.npy"] = mean, ["sigma.npy"] = Npy(1, false, "<f8", "(2, 2)", [1, 2, 3, 4]) },
            CompressionLevel.Optimal, path => Refuses(path, "not symmetric"));
        WithFile(new() { ["mu.npy"] = mean, ["sigma.npy"] = Npy(1, false, "<f8", "(2, 2)", [1, double.NaN, 3, 4]) },
            CompressionLevel.Optimal, path => Refuses(path, "not finite"));
        WithFile(new() { ["mu.npy"] = mean, ["sigma.npy"] = Npy(1, false, "<f8", "(2, 2)", [1, 2, 2, 1]) },
            CompressionLevel.Optimal, path => Refuses(path, "not positive semidefinite"));
    }

    [Fact]
    public void Load_AChangedByteOrAnEncryptedEntry_IsNoticed()
    {
        Dictionary<string, byte[]> arrays =
            new() { ["mu.npy"] = Npy(1, false, "<f8", "(2,)", Mean), ["sigma.npy"] = Npy(1, false, "<f8", "(2, 2)", Covariance) };
        WithFile(arrays, CompressionLevel.NoCompression, path =>
        {
            byte[] good = File.ReadAllBytes(path), bytes = [.. good];
            int directory = bytes.AsSpan().IndexOf("PK\x01\x02"u8);
            bytes[directory - 1] ^= 1;
            File.WriteAllBytes(path, bytes);
            Refuses(path, "CRC-32");
            good[directory + 8] |= 1;
            File.WriteAllBytes(path, good);
            Refuses(path, "is encrypted");
        });
    }

    [Fact]
    public void Load_CutOrForeignFile_NamesIt()
    {
        Dictionary<string, byte[]> arrays =
            new() { ["mu.npy"] = Npy(1, false, "<f8", "(2,)", Mean), ["sigma.npy"] = Npy(1, false, "<f8", "(2, 2)", Covariance) };
        WithFile(arrays, CompressionLevel.Optimal, path =>
        {
            byte[] bytes = File.ReadAllBytes(path);
            for (int length = 0; length < bytes.Length; length++)
            {
                File.WriteAllBytes(path, bytes[..length]);
                Refuses(path, path);
            }
        });
        Assert.Throws<FileNotFoundException>(() => FeatureStatistics.Load(TestFeatures.TemporaryPath(".npz")));
    }

    private static void Refuses(string path, string fault)
    {
        string message = Assert.Throws<InvalidDataException>(() => FeatureStatistics.Load(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    private static byte[] Npy(byte version, bool fortran, string type, string shape, double[] values)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': {fortran}, 'shape': {shape}, }}";
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write([0x93, .. "NUMPY"u8, version, 0]);
        if (version == 1)
        {
            writer.Write((ushort)(header.Length + 1));
        }
        else
        {
            writer.Write((uint)(header.Length + 1));
        }

        writer.Write(Encoding.ASCII.GetBytes(header + "\n"));
        foreach (double value in values)
        {
            if (type == "<f4")
            {
                writer.Write((float)value);
            }
            else
            {
                writer.Write(value);
            }
        }

        return stream.ToArray();
    }

    private static void WithFile(Dictionary<string, byte[]> entries, CompressionLevel level, Action<string> test)
    {
        string path = TestFeatures.TemporaryPath(".npz");
        try
        {
            using (ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create))
            {
                foreach ((string name, byte[] bytes) in entries)
                {
                    using Stream stream = zip.CreateEntry(name, level).Open();
                    stream.Write(bytes);
                }
            }

            test(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
