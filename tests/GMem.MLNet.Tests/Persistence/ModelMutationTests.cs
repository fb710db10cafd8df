using System.IO.Compression;
using System.Reflection;
using GMem.Tests.Shared;
using Microsoft.ML;

namespace GMem.MLNet.Tests.Persistence;

/// <summary>Damaged <c>model.zip</c> files load or are an InvalidDataException that names the file, by every loader.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class ModelMutationTests
{
    [Fact]
    public void Load_ByEveryLoader_OfDamagedZips_LoadsOrIsInvalidData()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.zip");
        using GMemTransformer small = GMemTransformer.Load(FixtureOf("snippet-pixels"));
        small.Model.Save(path);
        byte[] ours = File.ReadAllBytes(path);
        small.Save(path);
        byte[] hashed = File.ReadAllBytes(path);
        byte[][] good =
        [
            ours, ours, hashed, Stored(hashed), Stored(hashed),
            .. new[] { "snippet-pixels", "label-pixels", "none-latents" }.Select(f => File.ReadAllBytes(FixtureOf(f))),
        ];
        new Mutator("model.zip", 0.4, good).Run(
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                Exception?[] faults =
                [
                    Of(() => GMemModel.Load(path)),
                    Of(() => GMemTransformer.Load(path)),
                    bytes.Length % 4 == 0 ? Of(() => OfMLNet(path)) : null,
                ];
                foreach (Exception fault in faults.OfType<Exception>())
                {
                    throw fault;
                }
            },
            e => e is InvalidDataException && e.Message.Contains(path, StringComparison.Ordinal),
            ZipMutation.Make);
    }

    private static string FixtureOf(string name) => Path.Combine(Repository.Root, "tests", "Fixtures", "models", name + ".zip");

    private static byte[] Stored(byte[] zip) => ZipMutation.Zip(ZipMutation.Entries(zip), CompressionLevel.NoCompression);

    private static Exception? Of(Func<IDisposable> load)
    {
        try
        {
            load().Dispose();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    /// <summary>ML.NET's loader: of what reaches ours, its wrapper has our exception first; the rest is ML.NET's own.</summary>
    private static IDisposable OfMLNet(string path)
    {
        try
        {
            return (IDisposable)new MLContext().Model.Load(path, out _);
        }
        catch (TargetInvocationException e)
        {
            Assert.IsType<InvalidDataException>(e.InnerException);
        }
        catch (Exception e) when (
            e is FormatException or InvalidOperationException or InvalidDataException or IOException or ArgumentException)
        {
            // Before our loader was asked.
        }

        return new MemoryStream();
    }
}
