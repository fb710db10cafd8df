using GMem.Images;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace GMem.MLNet.Tests.Generation;

public class PromptReaderTests
{
    [Fact]
    public void Read_EachKindOfPrompt_ReachesTheModel()
    {
        FakeGenerator generator = new();
        IDataView view = Views.Of(
            new PromptRow { Seed = 1 },
            new PromptRow { Seed = 2, MemoryIndex = 5 },
            new PromptRow { Seed = 3, Snippet = [0.5f, -0.5f] }).Generate(generator);

        Assert.Equal([1, 5, -1], view.Values<long>("MemoryIndex"));
        Assert.Empty(generator.Requests);
        Assert.Equal(3, view.Pixels().Count);
        Assert.Equal([1, 2, 3], generator.Requests.Select(r => r.Seed));
        Assert.Equal([null, 5, null], generator.Requests.Select(r => r.MemoryIndex));
        Assert.Equal([0.5f, -0.5f], generator.Requests[2].Snippet.ToArray());
        Assert.True(generator.Requests[0].Snippet.IsEmpty);
    }

    [Fact]
    public void Read_FromASparseSnippet_FillsInTheZeros()
    {
        FakeGenerator generator = new();
        Views.Of(new FixedSnippet { Snippet = new VBuffer<float>(4, 1, [3f], [2]) }).Generate(generator).Pixels();

        Assert.Equal([0, 0, 3, 0], generator.Requests[0].Snippet.ToArray());
    }

    [Fact]
    public void Read_AnIndexThatTheModelRefuses_NamesTheRow()
    {
        IDataView view = Views.Of(new PromptRow(), new PromptRow { MemoryIndex = 12 }).Generate(new FakeGenerator { Entries = 12 });

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => view.Values<long>("MemoryIndex"));

        Assert.Equal("Row 1 (counted from 0): MemoryIndex 12 is out of range.", e.Message);
    }

    [Fact]
    public void ReadSeed_AboveTheLargestLong_IsRefused()
    {
        IDataView view = Views.Of(new Unsigned { Seed = long.MaxValue }, new Unsigned { Seed = 1UL << 63 }).Generate(new FakeGenerator());

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => view.Values<long>("Seed"));

        Assert.Equal("Row 1 (counted from 0): the seed in column 'Seed' is above 9223372036854775807, the largest there is.", e.Message);
    }

    [Fact]
    public void Read_Labels_AsTextOrKey_ReachTheModel()
    {
        FakeGenerator generator = new();
        IDataView text = Views.Of(new PromptRow { Seed = 1, PromptLabel = "dog" }, new PromptRow { Seed = 2 });
        IDataView key = Views.MLContext.Transforms.Conversion.MapValueToKey("PromptLabel").Fit(text).Transform(text);

        foreach (IDataView prompts in new[] { text, key })
        {
            generator.Requests.Clear();
            IDataView view = prompts.Generate(generator);
            Assert.Equal(["dog", "cat"], view.Values<ReadOnlyMemory<char>>("MemoryLabel").Select(l => l.ToString()));
            view.Pixels();
            Assert.Equal(["dog", ""], generator.Requests.Select(r => r.PromptLabel ?? ""));
        }
    }

    [Fact]
    public void Read_AnUnknownLabel_NamesTheRow()
    {
        IDataView view = Views.Of(new PromptRow(), new PromptRow { PromptLabel = "cow" }).Generate(new FakeGenerator());

        Assert.Equal("Row 1 (counted from 0): There is no label 'cow'.", Assert.Throws<InvalidDataException>(() => view.Pixels()).Message);
    }

    [Fact]
    public void Read_AnImageOfAnyKind_BecomesItsSnippet()
    {
        using TemporaryFolder folder = new();
        RgbImage image = new(2, 1, [10, 20, 30, 50, 60, 70]);
        byte[] png = PngWriter.Encode(image);
        File.WriteAllBytes(folder.File("picture.png"), png);
        MLImage picture = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [10, 20, 30, 255, 50, 60, 70, 255]);
        IDataView[] views =
        [
            Views.Of(new PromptRow { PromptImage = folder.File("picture.png") }, new PromptRow()),
            Views.Of(new EncodedPrompt { PromptImage = png }, new EncodedPrompt()),
            Views.Of(new ImagePrompt { PromptImage = picture }, new ImagePrompt()),
        ];

        foreach (IDataView prompts in views)
        {
            FakeGenerator generator = new();
            IDataView view = prompts.Generate(generator);
            Assert.Equal([true, false], view.Values<long>("MemoryIndex").Select(i => i == -1));
            view.Pixels();
            Assert.Equal([30, 40, 50], generator.Requests[0].Snippet.ToArray());
            Assert.True(generator.Requests[1].Snippet.IsEmpty);
        }
    }

    [Fact]
    public void Read_AnImageThatIsNone_NamesTheRowAndTheFile()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.File("text.png"), "no image at all");
        string Fault(string path)
        {
            IDataView view = Views.Of(new PromptRow { PromptImage = path }).Generate(new FakeGenerator());
            return Assert.Throws<InvalidDataException>(() => view.Pixels()).Message;
        }

        Assert.Equal($"Row 0 (counted from 0): There is no image file '{folder.File("missing.png")}'.", Fault(folder.File("missing.png")));
        Assert.StartsWith(
            $"Row 0 (counted from 0): '{folder.File("text.png")}' is not an image that can be read", Fault(folder.File("text.png")),
            StringComparison.Ordinal);
    }

    public static TheoryData<PromptRow, string> Pairs => new()
    {
        { new PromptRow { MemoryIndex = 4, PromptLabel = "cat" }, "column 'MemoryIndex' is 4 and column 'PromptLabel' is 'cat'" },
        { new PromptRow { Snippet = [1, 2], PromptImage = "a.png" },
            "column 'Snippet' has 2 entries and column 'PromptImage' has an image" },
        { new PromptRow { PromptLabel = "cat", PromptImage = "a.png" },
            "column 'PromptLabel' is 'cat' and column 'PromptImage' has an image" },
        {
            new PromptRow { MemoryIndex = 0, Snippet = [1], PromptLabel = "cat", PromptImage = "a.png" },
            "column 'MemoryIndex' is 0 and column 'Snippet' has 1 entries and column 'PromptLabel' is 'cat' and column 'PromptImage' has "
                + "an image"
        },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Read_MoreThanOnePrompt_NamesThem(PromptRow row, string given)
    {
        string message = Assert.Throws<InvalidDataException>(() => Views.Of(row).Generate(new FakeGenerator()).Pixels()).Message;

        Assert.StartsWith(
            $"Row 0 (counted from 0) has prompts that exclude each other: {given}. Give one of them", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_PromptColumnsOfOtherTypes_AreRefusedByNameAndType()
    {
        string Fault<T>(T row)
            where T : class => Assert.Throws<ArgumentException>(() => Views.Of(row).Generate(new FakeGenerator())).Message;

        Assert.Equal(
            "The label prompt column 'PromptLabel' is Single; expected String or a key. Convert it, or name another column (null for "
                + "none) with GenerationOptions.LabelColumnName.",
            Fault(new NumberLabel()));
        Assert.Equal(
            "The image prompt column 'PromptImage' is Single; expected String (the path of a file), Image, or a vector of Byte (an "
                + "encoded file). "
            + "Convert it, or name another column (null for none) with GenerationOptions.ImageColumnName.",
            Fault(new NumberImage()));
        Assert.Equal(
            "The label column 'PromptLabel' is a key without text for its values. Make the key from text (MapValueToKey), or turn it "
                + "into text before.",
            Fault(new NamelessKey()));
    }

    private sealed class EncodedPrompt
    {
        public byte[] PromptImage { get; set; } = [];
    }

    private sealed class ImagePrompt
    {
        [ImageType(1, 2)]
        public MLImage? PromptImage { get; set; }
    }

    private sealed class NumberLabel
    {
        public float PromptLabel { get; set; }
    }

    private sealed class NumberImage
    {
        public float PromptImage { get; set; }
    }

    private sealed class NamelessKey
    {
        [KeyType(5)]
        public uint PromptLabel { get; set; }
    }

    private sealed class FixedSnippet
    {
        [VectorType(4)]
        public VBuffer<float> Snippet { get; set; }
    }

    private sealed class Unsigned
    {
        public ulong Seed { get; set; }
    }
}
