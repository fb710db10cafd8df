using GMem.Images;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Tests.Generation;

/// <summary>Prompt columns that begin with a picture.</summary>
public sealed class PicturePromptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _picture;
    private readonly string _other;
    private readonly string _mask;

    public PicturePromptTests()
    {
        _picture = Write("picture.png", TinyTrainer.Rows[3].Bytes);
        _other = Write("other.png", TinyTrainer.Rows[9].Bytes);
        _mask = Write("mask.png", PngWriter.Encode(Picture((x, _) => x < 4)));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_StrengthMaskAndNoise_ReachTheModelAsAPictureToStartFrom()
    {
        FakeGenerator generator = new();
        IDataView view = Views.Of(
            new PromptRow { PromptImage = _picture },
            new PromptRow { PromptImage = _picture, Strength = 0.5f },
            new PromptRow { PromptImage = _picture, Strength = 0.25f, MemoryIndex = 4 },
            new PromptRow { PromptImage = _picture, PromptMask = _mask, PromptLabel = "dog" },
            new PromptRow { NoiseImage = _other, MemoryIndex = 2 }).Generate(generator);

        Assert.Equal(5, view.Pixels().Count);

        GenerationRequest[] requests = [.. generator.Requests];
        Assert.Equal([null, 0.5, 0.25, null, null], requests.Select(r => r.Strength));
        Assert.Equal([false, true, true, true, false], requests.Select(r => r.PromptImage is not null));
        Assert.Equal([false, false, false, true, false], requests.Select(r => r.PromptMask is not null));
        Assert.Equal([true, true, false, false, false], requests.Select(r => !r.Snippet.IsEmpty));
        Assert.Equal([null, null, 4, null, 2], requests.Select(r => r.MemoryIndex));
        Assert.Equal([0, 0, 0, 0, 3], requests.Select(r => r.Noise.Length));

        // What waits in a cursor is what the model sees, not the picture as it is.
        Assert.Equal((2, 2), (requests[1].PromptImage!.Width, requests[3].PromptMask!.Width));
    }

    [Fact]
    public void Read_StrengthOfEitherWidth_IsTheNumber()
    {
        FakeGenerator generator = new();
        Views.Of(new DoubleStrength { PromptImage = _picture, Strength = 0.3 }, new DoubleStrength()).Generate(generator).Pixels();
        Assert.Equal([0.3, null], generator.Requests.Select(r => r.Strength));
    }

    [Fact]
    public void Read_ColumnsOfOtherTypesOrSwitchedOff_AreRefusedByNameOrIgnored()
    {
        IDataView number = Views.Of(new IntegerStrength()), masks = Views.Of(new NumberMask());
        Assert.Equal(
            "The strength prompt column 'Strength' is Int32; expected Single or Double. Convert it, or name another column (null for "
            + "none) with GenerationOptions.StrengthColumnName.",
            Assert.Throws<ArgumentException>(() => number.Generate(new FakeGenerator())).Message);
        Assert.Contains("The mask prompt column 'PromptMask' is Single", Assert.Throws<ArgumentException>(
            () => masks.Generate(new FakeGenerator())).Message, StringComparison.Ordinal);
        Assert.Single(number.Generate(new FakeGenerator(), options: new GenerationOptions { StrengthColumnName = null }).Pixels());
        Assert.Contains("'Strength', 'Strength'", Assert.Throws<ArgumentException>(
            () => new GenerationOptions { MaskColumnName = "Strength" }.Validate()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Transform_PicturesInAnyBatchSavedAndLoaded_SameImagesAsTheModelMakes()
    {
        PromptRow[] rows =
        [
            new() { Seed = 1, PromptImage = _picture, Strength = 0 },
            new() { Seed = 2, PromptImage = _picture, Strength = 0.5f },
            new() { Seed = 3, PromptImage = _picture, Strength = 1, MemoryIndex = 5 },
            new() { Seed = 4, PromptImage = _picture, PromptMask = _mask },
            new() { Seed = 5, NoiseImage = _picture, MemoryIndex = 7 },
            new() { Seed = 6 },
        ];
        GMemModel model = TinyTrainer.Model.Model;
        RgbImage picture = ImageReader.ReadFile(_picture);
        GenerationRequest[] requests =
        [
            new(1, PromptImage: picture, Strength: 0), new(2, PromptImage: picture, Strength: 0.5), new(3, 5),
            new(4, PromptImage: picture, PromptMask: ImageReader.ReadFile(_mask)),
            new(5, 7, Noise: model.Invert([new(PromptImage: picture)])[0].Noise), new(6),
        ];
        byte[][] expected = [.. model.Generate(requests).Select(i => i.Image.Pixels)];
        Assert.Equal(picture.Pixels, expected[0]);

        Assert.Equal(expected, Generated(TinyTrainer.Model, rows));
        using GMemTransformer other = TinyTrainer.Model.WithGeneration(new GenerationOptions { BatchSize = 1 });
        Assert.Equal(expected, Generated(other, rows));

        MLContext ml = new();
        ITransformer chain = new TransformerChain<ITransformer>(
            ml.Transforms.CopyColumns("Copy", "Seed").Fit(Views.Of<PromptRow>()), TinyTrainer.Model);
        ml.Model.Save(chain, null, _folder.File("model.zip"));
        ITransformer loaded = ml.Model.Load(_folder.File("model.zip"), out _);
        Assert.Equal(expected, Generated(loaded, rows));
        using (loaded as IDisposable)
        {
            PredictionEngine<PromptRow, GeneratedImageRow> engine =
                ml.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(TinyTrainer.Model);
            Assert.Equal(expected[3], engine.Predict(rows[3]).GeneratedImage.ToRgbImage().Pixels);
        }
    }

    [Fact]
    public void Transform_WithOtherNamesOfTheColumns_SurvivesSaving()
    {
        GenerationOptions names = new()
        {
            StrengthColumnName = "Amount",
            MaskColumnName = "Hole",
            NoiseImageColumnName = null,
            ImageColumnName = "Photo",
        };
        using GMemTransformer renamed = TinyTrainer.Model.WithGeneration(names);
        renamed.Save(_folder.File("renamed.zip"));
        using GMemTransformer loaded = GMemTransformer.Load(_folder.File("renamed.zip"));
        Renamed[] rows = [new() { Photo = _picture, Amount = 0, Hole = _mask, NoiseImage = 3 }];
        Assert.Equal([ImageReader.ReadFile(_picture).Pixels], Generated(loaded, rows));
    }

    [Fact]
    public void Transform_WhatDoesNotFit_NamesTheRowAndTheThing()
    {
        string small = Write("small.png", PngWriter.Encode(new RgbImage(2, 2, new byte[12])));
        Assert.Equal(
            "Row 0 (counted from 0): The Strength is 1.5, but must be from 0 (the picture itself) to 1 (made from noise alone).",
            Fault(new PromptRow { PromptImage = _picture, Strength = 1.5f }));
        Assert.Equal(
            "Row 0 (counted from 0): The request has a Strength but no PromptImage: give the picture to start from.",
            Fault(new PromptRow { Strength = 0.5f }));
        Assert.Equal(
            "Row 0 (counted from 0): The request has a PromptMask but no PromptImage: give the picture to start from.",
            Fault(new PromptRow { PromptMask = _mask }));
        Assert.Equal(
            "Row 0 (counted from 0): The PromptMask is 2 x 2 and the PromptImage 8 x 8; a mask has the size of its picture.",
            Fault(new PromptRow { PromptImage = _picture, PromptMask = small }));
        Assert.Contains(
            "column 'MemoryIndex' is 1 and column 'PromptLabel' is 'x'",
            Fault(new PromptRow { PromptImage = _picture, Strength = 0.5f, MemoryIndex = 1, PromptLabel = "x" }), StringComparison.Ordinal);
        Assert.Contains("There is no image file", Fault(new PromptRow { NoiseImage = "nowhere.png" }), StringComparison.Ordinal);

        using GMemTransformer sde = TinyTrainer.Model.WithSampling(GMem.Sampling.SamplingOptions.PublicSde());
        Assert.Contains("Inversion needs the ODE", Fault(new PromptRow { NoiseImage = _picture }, sde), StringComparison.Ordinal);
    }

    [Fact]
    public void Transform_NetworkWithoutMemory_VariesButRefusesTheNoiseOfAPicture()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Network = options.Network with { Conditions = [] };
        using GMemTransformer model = TinyTrainer.Fit(options: options);
        Assert.Single(Generated(model, [new PromptRow { PromptImage = _picture, Strength = 0.5f }]));
        Assert.Contains(
            "no memory, so the noise", Fault(new PromptRow { NoiseImage = _picture }, model), StringComparison.Ordinal);
    }

    private static string Fault(PromptRow row, GMemTransformer? model = null) => Assert.Throws<InvalidDataException>(
        () => (model ?? TinyTrainer.Model).Transform(Views.Of(row)).Pixels()).Message;

    private static byte[][] Generated<T>(ITransformer model, T[] rows)
        where T : class
    {
        List<byte[]> images = [];
        foreach (MLImage image in model.Transform(Views.Of(rows)).Values<MLImage>("GeneratedImage"))
        {
            using (image)
            {
                images.Add(image.ToRgbImage().Pixels);
            }
        }

        return [.. images];
    }

    private static RgbImage Picture(Func<int, int, bool> painted) => new(8, 8, [.. Enumerable.Range(0, 64).SelectMany(i =>
        Enumerable.Repeat(painted(i % 8, i / 8) ? (byte)255 : (byte)0, 3))]);

    private string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(_folder.File(name), bytes);
        return _folder.File(name);
    }

    private sealed class DoubleStrength
    {
        public string PromptImage { get; set; } = "";

        public double Strength { get; set; } = double.NaN;
    }

    private sealed class IntegerStrength
    {
        public int Strength { get; set; }
    }

    private sealed class NumberMask
    {
        public float PromptMask { get; set; }
    }

    private sealed class Renamed
    {
        public string Photo { get; set; } = "";

        public double Amount { get; set; }

        public string Hole { get; set; } = "";

        /// <summary>Of a type that no prompt has, since the prompt is switched off.</summary>
        public int NoiseImage { get; set; }
    }
}
