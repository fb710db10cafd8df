using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Images;
using GMem.Latents;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Images that are made from a picture: varied, repaired, and turned back into noise.</summary>
public sealed class PictureTests
{
    public enum Kind
    {
        Pixels,
        Latents,
        Centred,
    }

    [Theory]
    [InlineData(Kind.Pixels, SamplerKind.Ode)]
    [InlineData(Kind.Pixels, SamplerKind.Sde)]
    [InlineData(Kind.Latents, SamplerKind.Ode)]
    [InlineData(Kind.Centred, SamplerKind.Ode)]
    [InlineData(Kind.Centred, SamplerKind.Sde)]
    [InlineData(Kind.Latents, SamplerKind.FlowMap)]
    [InlineData(Kind.Centred, SamplerKind.FlowMap)]
    public void Generate_Strengths_EndsAreThePictureAndOrdinaryGeneration(Kind kind, SamplerKind sampler)
    {
        using GMemModel model = Train(kind, new SamplingOptions { Kind = sampler, Steps = 4, GuidanceScale = 1.5 });
        RgbImage picture = Picture(3);

        byte[][] made = TinyModel.Generate(
            model,
            new(1, PromptImage: picture, Strength: 0),
            new(1, PromptImage: picture, Strength: 1),
            new(1, PromptImage: picture, Strength: 0, MemoryIndex: 5),
            new(1, PromptImage: picture, Strength: 1, MemoryIndex: 5),
            new(1, PromptImage: picture, Strength: 0.5, MemoryIndex: 5));

        byte[][] ordinary = TinyModel.Generate(model, new(1, PromptImage: picture), new(1, MemoryIndex: 5));
        Assert.Equal(Shown(model, picture), made[0]);
        Assert.Equal(ordinary[0], made[1]);
        Assert.Equal(made[0], made[2]);
        Assert.Equal(ordinary[1], made[3]);
        Assert.NotEqual(made[0], made[4]);
        Assert.NotEqual(made[3], made[4]);
    }

    [Theory]
    [InlineData(SamplerKind.Ode)]
    [InlineData(SamplerKind.Sde)]
    [InlineData(SamplerKind.FlowMap)]
    public void Generate_RisingStrength_GoesAwayFromThePictureUntilItIsIndependentOfIt(SamplerKind sampler)
    {
        using GMemModel model = Train(Kind.Pixels, new SamplingOptions { Kind = sampler, Steps = 10 }, steps: 150);
        double[] strengths = [0, 0.2, 0.4, 0.6, 0.8, 1];
        RgbImage[] pictures = [.. Enumerable.Range(0, 8).Select(i => Picture(i))];
        byte[][] made = TinyModel.Generate(model, [.. strengths.SelectMany(strength => pictures.Select((picture, i) =>
            new GenerationRequest(i, PromptImage: picture, Strength: strength, MemoryIndex: 23 - i)))]);
        double[] distances = [.. strengths.Select((_, s) => pictures.Select((picture, i) => Distance(
            picture.Pixels, Bytes(made[(s * 8) + i]))).Average())];
        Assert.Equal(0, distances[0]);
        Assert.All(distances.Zip(distances.Skip(1)), pair => Assert.True(pair.First < pair.Second, string.Join(", ", distances)));

        // The same seeds and entries with the pictures in another order: at full strength nothing changes.
        byte[][] others = TinyModel.Generate(model, [.. pictures.Select((_, i) =>
            new GenerationRequest(i, PromptImage: pictures[7 - i], Strength: 1, MemoryIndex: 23 - i))]);
        Assert.Equal(made[^8..], others);
    }

    [Theory]
    [InlineData(Kind.Pixels, SamplerKind.Ode)]
    [InlineData(Kind.Pixels, SamplerKind.Sde)]
    [InlineData(Kind.Latents, SamplerKind.Ode)]
    [InlineData(Kind.Centred, SamplerKind.Sde)]
    [InlineData(Kind.Latents, SamplerKind.FlowMap)]
    [InlineData(Kind.Centred, SamplerKind.FlowMap)]
    public void Generate_AnyMixOfRequests_EachIsIndependentOfItsBatchAndKeepsWhatIsUnmasked(Kind kind, SamplerKind sampler)
    {
        using GMemModel model = Train(
            kind, new SamplingOptions { Kind = sampler, Steps = 3, GuidanceScale = 1.5, Resamplings = 2, TimestepShift = 0.7 });
        RgbImage picture = Picture(3), mask = Mask((x, y) => x >= 3 && y < 5);
        GenerationRequest[] requests =
        [
            new(1),
            new(2, PromptImage: picture, PromptMask: mask),
            new(3, PromptImage: Picture(4), Strength: 0.5),
            new(4, PromptImage: Picture(5), Strength: 0.5, PromptMask: Mask((x, y) => x == y)),
            new(5, MemoryIndex: 7, Noise: Enumerable.Repeat(0.5f, model.NoiseSize).ToArray()),
            new(6, PromptImage: Picture(6), PromptMask: mask, MemoryIndex: 2),
            new(7, PromptImage: Picture(7), Strength: 0.8, Snippet: Enumerable.Repeat(1f, 12).ToArray()),
        ];

        IReadOnlyList<GeneratedImage> together = model.Generate(requests);

        Assert.Equal(Enumerable.Range(0, requests.Length), together.Select(image => image.Index));
        Assert.Equal(requests, together.Select(image => image.Request));
        Assert.All(requests.Zip(together), pair => Assert.Equal(pair.Second.Image.Pixels, model.Generate([pair.First])[0].Image.Pixels));
        foreach (int i in new[] { 1, 3, 5 })
        {
            (GenerationRequest request, byte[] made) = (requests[i], together[i].Image.Pixels);
            int[] kept = [.. Enumerable.Range(0, made.Length).Where(b => request.PromptMask!.Pixels[b] == 0)];
            Assert.Equal(kept.Select(b => request.PromptImage!.Pixels[b]), kept.Select(b => made[b]));
            Assert.NotEqual(request.PromptImage!.Pixels, made);
        }
    }

    [Fact]
    public async Task GenerateAsync_MixedBatchWithPreviews_SameImagesUnderTheirIndices()
    {
        using GMemModel model = Train(Kind.Pixels, new SamplingOptions { Steps = 4 });
        GenerationRequest[] requests =
        [
            new(1), new(2, PromptImage: Picture(3), Strength: 0.6), new(3),
            new(4, PromptImage: Picture(3), PromptMask: Mask((x, _) => x < 4)),
        ];
        IReadOnlyList<GeneratedImage> expected = model.Generate(requests);
        List<GeneratedImage> finished = [], previews = [];
        await foreach (GeneratedImage image in model.GenerateAsync(
            requests, new StreamingOptions { PreviewEveryNStep = 1 }, TestContext.Current.CancellationToken))
        {
            (image.IsPreview ? previews : finished).Add(image);
        }

        Assert.Equal(expected.Select(i => i.Image.Pixels), finished.Select(i => i.Image.Pixels));
        Assert.Equal([0, 1, 2, 3], previews.Select(i => i.Index).Distinct().Order());
        Assert.All(previews, preview => Assert.Equal(requests[preview.Index], preview.Request));
    }

    [Fact]
    public void Generate_MaskOfALargerPicture_IsCroppedWithIt()
    {
        using GMemModel model = Train(Kind.Pixels, new SamplingOptions { Steps = 2, Resamplings = 1 });
        RgbImage wide = Wide(Picture(2), fill: 9), mask = Wide(Mask((x, _) => x >= 4), fill: 255);
        GenerationRequest request = new(1, PromptImage: Picture(2), PromptMask: Mask((x, _) => x >= 4), MemoryIndex: 3);
        Assert.Equal(
            TinyModel.Generate(model, request), TinyModel.Generate(model, request with { PromptImage = wide, PromptMask = mask }));
    }

    [Theory]
    [InlineData(Kind.Pixels)]
    [InlineData(Kind.Latents)]
    [InlineData(Kind.Centred)]
    public void Invert_ThenGenerateOfTheNoise_GivesThePictureBackAndSaysHowExactly(Kind kind)
    {
        using GMemModel model = Train(kind, new SamplingOptions { Steps = 60 }, steps: 40);
        GenerationRequest[] requests = [new(1, PromptImage: Picture(3)), new(2, PromptImage: Picture(4), MemoryIndex: 9)];

        IReadOnlyList<InvertedImage> inverted = model.Invert(requests);

        Assert.Equal(requests, inverted.Select(i => i.Request));
        Assert.All(inverted, i => Assert.InRange(i.RoundTripError, 0, kind == Kind.Latents ? 3 : 1));
        byte[] shown = Shown(model, Picture(3)), made = Planes(inverted[0].Reconstruction);
        double meanSquare = shown.Zip(made, (a, b) => Math.Pow(a - b, 2)).Average();
        Assert.Equal(Math.Sqrt(meanSquare), inverted[0].RoundTripError, 1e-3);

        // The noise and the picture's own snippet make the picture; with another memory they make another one.
        GenerationRequest again = new(77, PromptImage: Picture(3), Noise: inverted[0].Noise);
        Assert.Equal(made, TinyModel.Generate(model, again)[0]);
        Assert.NotEqual(made, TinyModel.Generate(model, again with { PromptImage = Picture(8) })[0]);
        Assert.Equal(inverted[1].Noise.ToArray(), model.Invert([requests[1]])[0].Noise.ToArray());
    }

    [Fact]
    public void SaveThenLoad_RequestsWithPictures_SameImagesBitForBit()
    {
        using GMemModel model = Train(Kind.Centred, new SamplingOptions { Steps = 3, Resamplings = 4 });
        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        GenerationRequest[] requests =
        [
            new(1, PromptImage: Picture(1), Strength: 0.4), new(2, PromptImage: Picture(2), PromptMask: Mask((x, y) => x > y)),
        ];
        Assert.Equal(4, loaded.Sampling.Resamplings);
        Assert.Equal(TinyModel.Generate(model, requests), TinyModel.Generate(loaded, requests));
        // A source is laid out in memory otherwise when it has been loaded, which may move the last bit of a product.
        float[] noise = model.Invert([new(PromptImage: Picture(1))])[0].Noise.ToArray();
        float[] after = loaded.Invert([new(PromptImage: Picture(1))])[0].Noise.ToArray();
        Assert.All(noise.Zip(after), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public void Generate_NetworkWithoutMemory_VariesAndRepairsButTakesNoSnippet()
    {
        GMemOptions options = TinyModel.Options();
        options.Network = options.Network with { Conditions = [] };
        using GMemModel model = TinyModel.Train(options);
        GenerationRequest repair = new(1, PromptImage: Picture(3), PromptMask: Mask((x, _) => x < 4));
        Assert.NotEqual(Planes(Picture(3)), TinyModel.Generate(model, repair)[0]);
        Assert.InRange(model.Invert([new(1, PromptImage: Picture(3))])[0].RoundTripError, 0, 20);
        Assert.Contains("no memory", Refused(model, new(PromptImage: Picture(3))), StringComparison.Ordinal);
        Assert.Contains("no memory", Refused(model, repair with { MemoryIndex = 2 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_WhatDoesNotFit_IsRefusedByName()
    {
        using GMemModel model = Train(Kind.Pixels, new SamplingOptions { Steps = 2 });
        RgbImage picture = Picture(1), mask = Mask((_, _) => true);
        Assert.Equal(
            "The Strength is 1.5, but must be from 0 (the picture itself) to 1 (made from noise alone).",
            Refused(model, new(PromptImage: picture, Strength: 1.5)));
        Assert.Contains("Strength is NaN", Refused(model, new(PromptImage: picture, Strength: double.NaN)), StringComparison.Ordinal);
        Assert.Contains("Strength is -0.1", Refused(model, new(PromptImage: picture, Strength: -0.1)), StringComparison.Ordinal);
        Assert.Equal(
            "The request has a Strength but no PromptImage: give the picture to start from.", Refused(model, new(Strength: 0.5)));
        Assert.Equal(
            "The request has a PromptMask but no PromptImage: give the picture to start from.",
            Refused(model, new(PromptMask: mask, MemoryIndex: 1)));
        Assert.Equal(
            "The PromptMask is 8 x 8 and the PromptImage 12 x 8; a mask has the size of its picture.",
            Refused(model, new(PromptImage: Wide(picture, 0), PromptMask: mask)));
        Assert.Equal(
            "The Noise has 3 numbers, but this model starts from 3 x 8 x 8 = 192.", Refused(model, new(Noise: new float[3])));
        Assert.Equal(
            "The Noise has numbers that are not finite.",
            Refused(model, new(Noise: Enumerable.Repeat(float.PositiveInfinity, 192).ToArray())));
        Assert.Contains(
            "MemoryIndex 1 and a Snippet",
            Refused(model, new(PromptImage: picture, Strength: 0.5, MemoryIndex: 1, Snippet: new float[12])), StringComparison.Ordinal);
        Assert.Contains(
            "MemoryIndex 1 and a PromptImage", Refused(model, new(PromptImage: picture, MemoryIndex: 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Invert_WhatDoesNotFit_IsRefusedByName()
    {
        using GMemModel model = Train(Kind.Pixels, new SamplingOptions { Steps = 2 });
        RgbImage picture = Picture(1);
        string Faulty(GenerationRequest request) => Assert.Throws<ArgumentException>(() => model.Invert([request])).Message;
        Assert.Equal("The request has no PromptImage: give the picture to invert.", Faulty(new(MemoryIndex: 1)));
        Assert.Contains("has a Strength, which", Faulty(new(PromptImage: picture, Strength: 0.5)), StringComparison.Ordinal);
        Assert.Contains("has a PromptMask, which", Faulty(new(PromptImage: picture, PromptMask: picture)), StringComparison.Ordinal);
        Assert.Contains("has a Noise, which", Faulty(new(PromptImage: picture, Noise: new float[192])), StringComparison.Ordinal);
        Assert.Empty(model.Invert([]));
        using GMemModel sde = model.WithSampling(SamplingOptions.PublicSde());
        Assert.Contains("Inversion needs the ODE", Assert.Throws<InvalidOperationException>(
            () => sde.Invert([new(PromptImage: picture)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_SnippetsOfTheUsersOwn_APictureNeedsAMemoryBesideIt()
    {
        using torch.Generator generator = new(2);
        using TrainingImages plain = TinyModel.Images();
        using TrainingImages images = new(plain.Pixels.clone(), torch.randn([24, 5], generator: generator));
        using GMemModel model = GMemModel.Fit(images, TinyModel.Options(), torch.CPU);
        Assert.Equal(
            Planes(Picture(3)), TinyModel.Generate(model, new GenerationRequest(1, 4, PromptImage: Picture(3), Strength: 0))[0]);
        Assert.Contains("has no encoder", Assert.Throws<InvalidOperationException>(
            () => model.Generate([new(1, PromptImage: Picture(3), Strength: 0.5)])).Message, StringComparison.Ordinal);
    }

    private static GMemModel Train(Kind kind, SamplingOptions sampling, long steps = 12)
    {
        GMemOptions options = TinyModel.Options(steps);
        options.Sampling = sampling;
        options.Training.FlowMap = sampling.Kind == SamplerKind.FlowMap ? new FlowMapOptions() : null;
        if (kind == Kind.Centred)
        {
            options.Training.Source = new CentredSource { NoiseScale = 0.5 };
        }

        if (kind != Kind.Latents)
        {
            return TinyModel.Train(options);
        }

        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        options.Autoencoder = autoencoder;
        options.Network = options.Network with { PatchSize = 2 };
        return TinyModel.Train(options);
    }

    private static string Refused(GMemModel model, GenerationRequest request) =>
        Assert.Throws<ArgumentException>(() => model.Validate(request)).Message;

    private static RgbImage Picture(int index)
    {
        using TrainingImages images = TinyModel.Images();
        using torch.Tensor one = images.Pixels.narrow(0, index, 1);
        return ImageTensors.FromTensor(one)[0];
    }

    private static RgbImage Mask(Func<int, int, bool> painted) => new(8, 8, [.. Enumerable.Range(0, 64).SelectMany(i =>
        Enumerable.Repeat(painted(i % 8, i / 8) ? (byte)255 : (byte)0, 3))]);

    /// <summary>12 x 8 with the image in the middle.</summary>
    private static RgbImage Wide(RgbImage image, byte fill) => new(12, 8, [.. Enumerable.Range(0, 8).SelectMany(y =>
        Enumerable.Repeat(fill, 6).Concat(image.Pixels[(y * 24)..((y + 1) * 24)]).Concat(Enumerable.Repeat(fill, 6)))]);

    /// <summary>What the model can show of a picture, channel by channel: in a latent model its reconstruction.</summary>
    private static byte[] Shown(GMemModel model, RgbImage picture)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return [.. model.Autoencoder.Decode(model.Autoencoder.Encode(ImageTensors.ToTensor([picture]))).data<byte>()];
    }

    private static byte[] Planes(RgbImage image)
    {
        using torch.Tensor tensor = ImageTensors.ToTensor([image]);
        return [.. tensor.data<byte>()];
    }

    private static byte[] Bytes(byte[] planes)
    {
        using torch.Tensor tensor = torch.tensor(planes).view(1, 3, 8, 8);
        return ImageTensors.FromTensor(tensor)[0].Pixels;
    }

    private static double Distance(byte[] a, byte[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Average();
}
