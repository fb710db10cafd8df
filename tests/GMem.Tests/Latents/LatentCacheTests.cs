using GMem.Encoders;
using GMem.FileFormats;
using GMem.Latents;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Latents;

public sealed class LatentCacheTests
{
    private const int Many = 2500;

    [Fact]
    public void Encode_Twice_TheSecondEncodesNothingAndGivesTheSame()
    {
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images();
        using SnippetEncoder pca = PcaEncoder.Fit(images.Pixels, 4);
        CountingEncoder first = new(pca), second = new(pca);
        using EncodedRows once = Encode(images, first, workspace.Path, mirror: true);
        string[] files = Files(workspace);
        once.Dispose();
        using EncodedRows again = Encode(images, second, workspace.Path, mirror: true);
        using EncodedRows inMemory = Encode(images, new CountingEncoder(pca), null, mirror: true);

        Assert.Equal(2 * images.Count, first.Encoded);
        Assert.Equal(0, second.Encoded);
        Assert.Equal(files, Files(workspace));
        Assert.All(["snippets", "snippets_flip"], name => Equal(again[name], inMemory[name]));
    }

    [Fact]
    public void Encode_KilledInTheThirdShard_GoesOnThere()
    {
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images(Many);
        using SnippetEncoder pca = PcaEncoder.Fit(images.Pixels, 4);
        CountingEncoder killed = new(pca, failsAtCall: 3), resumed = new(pca);
        Assert.Throws<IOException>(() => Encode(images, killed, workspace.Path));
        Reported<EncodingProgress> progress = new();
        using EncodedRows rows = LatentCache.Encode(
            images.Rows, new ImageEncoding(null, resumed, null, false), workspace.Path, progress, CancellationToken.None);

        Assert.Equal(2048, killed.Encoded);
        Assert.Equal([new EncodingProgress(Many - 2048, 2048, Many)], progress.Reports);
        Assert.Equal(Many - 2048, resumed.Encoded);
        using torch.Tensor expected = pca.Encode(images.Pixels);
        Equal(rows["snippets"], new TensorRows(expected));
    }

    [Fact]
    public void Encode_AShardCutShort_IsMadeAnew()
    {
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images(Many);
        using SnippetEncoder pca = PcaEncoder.Fit(images.Pixels, 4);
        Encode(images, new CountingEncoder(pca), workspace.Path).Dispose();
        string shard = Files(workspace).Single(f => f.EndsWith("shard-00001.safetensors", StringComparison.Ordinal));
        File.WriteAllBytes(shard, File.ReadAllBytes(shard)[..^100]);
        CountingEncoder mender = new(pca);
        using EncodedRows rows = Encode(images, mender, workspace.Path);

        Assert.Equal(1024, mender.Encoded);
        using torch.Tensor expected = pca.Encode(images.Pixels);
        Equal(rows["snippets"], new TensorRows(expected));
    }

    [Fact]
    public void Encode_AShardOfWhichAByteChanged_IsMadeAnewWithAWarning()
    {
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images();
        using SnippetEncoder pca = PcaEncoder.Fit(images.Pixels, 4);
        Encode(images, new CountingEncoder(pca), workspace.Path).Dispose();
        string shard = Files(workspace).Single(f => f.EndsWith("shard-00000.safetensors", StringComparison.Ordinal));
        byte[] whole = File.ReadAllBytes(shard);
        byte[] bytes = [.. whole];
        bytes[^5] ^= 1;
        File.WriteAllBytes(shard, bytes);
        CountingEncoder mender = new(pca);
        Reported<EncodingProgress> progress = new();
        using EncodedRows rows = LatentCache.Encode(
            images.Rows, new ImageEncoding(null, mender, null, false), workspace.Path, progress, CancellationToken.None);

        Assert.Equal(images.Count, mender.Encoded);
        Assert.Equal(whole, File.ReadAllBytes(shard));
        string warning = Assert.Single(progress.Reports, r => r.Warning is not null).Warning!;
        Assert.Contains($"'{shard}' is damaged", warning, StringComparison.Ordinal);
        Assert.Contains("'snippets'", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_OtherImagesWeightsOrSettings_AreEncodedAnew()
    {
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images();
        using SnippetEncoder pca = PcaEncoder.Fit(images.Pixels, 4), other = PcaEncoder.Fit(images.Pixels, 5);
        Encode(images, new CountingEncoder(pca), workspace.Path).Dispose();
        Check(images, new CountingEncoder(other), mirror: false, expected: images.Count);
        Check(images, new CountingEncoder(pca), mirror: true, expected: 2 * images.Count);
        Check(images, new CountingEncoder(pca), mirror: false, expected: 0);
        using torch.Tensor one = images.Pixels[3, 1, 2, 2];
        one.FillInPlace(one.item<byte>() ^ 1);
        Check(images, new CountingEncoder(pca), mirror: false, expected: images.Count);

        void Check(TrainingImages given, CountingEncoder encoder, bool mirror, long expected)
        {
            Encode(given, encoder, workspace.Path, mirror).Dispose();
            Assert.Equal(expected, encoder.Encoded);
        }
    }

    [Fact]
    public void Encode_WhileAnotherRunEncodesTheSame_IsRefused()
    {
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images();
        using SnippetEncoder pca = PcaEncoder.Fit(images.Pixels, 4);
        Encode(images, new CountingEncoder(pca), workspace.Path).Dispose();
        string folder = Path.GetDirectoryName(Files(workspace)[0])!;
        using FileStream held = new(Path.Combine(folder, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        IOException error = Assert.Throws<IOException>(() => Encode(images, new CountingEncoder(pca), workspace.Path));
        Assert.StartsWith(
            $"'{folder}' is in use: another run is encoding the same images into it.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_TokensOnACoarserGrid_AreAveraged()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TrainingImages images = TinyModel.Images(3);
        using SnippetEncoder encoder = TinyEncoders.DinoV2();
        using EncodedRows rows = LatentCache.Encode(
            images.Rows, new ImageEncoding(null, encoder, tokenGrid: (2, 2), mirror: false), null, null, CancellationToken.None);
        (_, torch.Tensor fine) = encoder.EncodeWithPatches(images.Pixels);
        torch.Tensor topRight = fine.reshape(3, 16, 16, -1).narrow(1, 0, 8).narrow(2, 8, 8).mean([1, 2]);
        ReferenceFolder.Close(rows["tokens"].Range(0, 3)[.., 1], topRight, 2e-3, 1e-3, "token 1 of the 2 x 2 grid");
        Assert.Equal(torch.ScalarType.Float16, rows["tokens"].Type);
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => LatentCache.Encode(
                images.Rows, new ImageEncoding(null, encoder, tokenGrid: (32, 32), mirror: false), null, null, CancellationToken.None));
        Assert.Contains("256 patch tokens an image, but the network has 32 x 32 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_InMemoryAndInShards_LeaveNoTensors()
    {
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images();
        using SnippetEncoder encoder = TinyEncoders.DinoV2();
        using CountingAutoencoder autoencoder = new();
        ImageEncoding encoding = new(autoencoder, encoder, (2, 2), mirror: true);
        LatentCache.Encode(images.Rows, encoding, null, null, CancellationToken.None).Dispose();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        LatentCache.Encode(images.Rows, encoding, null, null, CancellationToken.None).Dispose();
        LatentCache.Encode(images.Rows, encoding, workspace.Path, null, CancellationToken.None).Dispose();
        LatentCache.Encode(images.Rows, encoding, workspace.Path, null, CancellationToken.None).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static EncodedRows Encode(TrainingImages images, SnippetEncoder encoder, string? workspace, bool mirror = false) =>
        LatentCache.Encode(images.Rows, new ImageEncoding(null, encoder, null, mirror), workspace, null, CancellationToken.None);

    private sealed class Reported<T> : IProgress<T>
    {
        public List<T> Reports { get; } = [];

        public void Report(T value) => Reports.Add(value);
    }

    private static string[] Files(TemporaryFolder workspace) =>
        [.. Directory.EnumerateFiles(workspace.Path, "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static void Equal(RowSource actual, RowSource expected)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Equal(expected.Count, actual.Count);
        Assert.True(actual.Range(0, actual.Count).equal(expected.Range(0, expected.Count)).all().item<bool>());
    }
}
