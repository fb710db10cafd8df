using System.Drawing;
using System.Text.Json;
using GMem.Extensions.AI;
using GMem.Images;
using GMem.Tests.Shared;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using TorchSharp;

namespace GMem.Extensions.Tests.AI;

[Collection(TinyService.OneAtATime)]
public sealed class GMemImageGeneratorTests : IAsyncLifetime
{
    private static readonly string[] Names = ["ring", "small blue ring", "red_disc"];

    private static readonly Lazy<GMemModel> Labelled =
        new(() => TinyModel.Train(labels: [.. Enumerable.Range(0, 24).Select(i => Names[i % Names.Length])]));

    private readonly ServiceProvider _services = new ServiceCollection().AddGMem(
        Labelled.Value, o => (o.CallerCapacity, o.WhenFull) = (4, QueueFullMode.Refuse)).AddImageGenerator().BuildServiceProvider();

    private IImageGenerator Generator => _services.GetRequiredService<IImageGenerator>();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    [Theory]
    [InlineData("ring")]
    [InlineData("small blue ring")]
    [InlineData("red_disc")]
    public async Task GenerateAsync_PromptNamingALabel_DrawsItsEntriesAsTheModelDoes(string label)
    {
        ImageGenerationOptions options = new() { Count = 3, AdditionalProperties = new() { ["Seed"] = 40 } };
        ImageGenerationResponse response = await Generator.GenerateImagesAsync($"A picture of a {label}!", options);

        DataContent[] pictures = [.. response.Contents.Cast<DataContent>()];
        IReadOnlyList<GeneratedImage> expected = Labelled.Value.Generate(
            [new(40, PromptLabel: label), new(41, PromptLabel: label), new(42, PromptLabel: label)]);
        Assert.Equal(3, pictures.Length);
        for (int i = 0; i < pictures.Length; i++)
        {
            Assert.Equal("image/png", pictures[i].MediaType);
            Assert.Equal(expected[i].Image.Pixels, ImageReader.Decode(pictures[i].Data.Span, "picture").Pixels);
            Assert.Equal(40L + i, pictures[i].AdditionalProperties![GMemImageGenerator.SeedProperty]);
            Assert.Equal(label, pictures[i].AdditionalProperties![GMemImageGenerator.LabelProperty]);
            Assert.Equal(expected[i].Entry!.Value.Index, pictures[i].AdditionalProperties![GMemImageGenerator.MemoryIndexProperty]);
        }
    }

    [Fact]
    public async Task GenerateAsync_NoSeed_TakesAnotherOneEachTimeAndSaysWhich()
    {
        DataContent first = await One(new()), second = await One(new());
        object? seed = first.AdditionalProperties!["Seed"];
        Assert.NotEqual(seed, second.AdditionalProperties!["Seed"]);
        DataContent again = await One(new() { AdditionalProperties = new() { ["Seed"] = seed } });
        Assert.Equal(first.Data.ToArray(), again.Data.ToArray());
    }

    [Fact]
    public async Task GenerateAsync_SeedOfJson_IsRead()
    {
        ImageGenerationOptions options = JsonSerializer.Deserialize<ImageGenerationOptions>(
            """{"count":1,"mediaType":"image/png","additionalProperties":{"Seed":9}}""", AIJsonUtilities.DefaultOptions)!;
        Assert.Equal(9L, (await One(options)).AdditionalProperties!["Seed"]);
    }

    [Theory]
    [InlineData("a cat", "names no label; the model knows 'red_disc', 'ring', 'small blue ring'.")]
    [InlineData("a stringy thing", "names no label")]
    [InlineData("a ring and a red disc", "names several labels: ")]
    public async Task GenerateAsync_PromptWithoutOneLabel_IsRefusedWithTheLabels(string prompt, string expected)
    {
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => Generator.GenerateImagesAsync(prompt));
        Assert.Contains(expected, error.Message);
        Assert.All(Names, name => Assert.Contains($"'{name}'", error.Message));
    }

    [Fact]
    public async Task GenerateAsync_OriginalImages_AreRefusedByName()
    {
        DataContent original = await One(new());
        NotSupportedException error = await Assert.ThrowsAsync<NotSupportedException>(
            () => Generator.EditImageAsync(original, "a ring"));
        Assert.Contains("OriginalImages", error.Message);
    }

    [Fact]
    public async Task GenerateAsync_OptionsNotOfTheModel_AreRefusedAllAtOnce()
    {
        ImageGenerationOptions options = new()
        {
            Count = 0,
            ImageSize = new Size(64, 8),
            MediaType = "image/jpeg",
            ResponseFormat = ImageGenerationResponseFormat.Uri,
            ModelId = "another",
        };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => Generator.GenerateImagesAsync("a ring", options));
        Assert.All(
            ["Count is 0", "ImageSize is 64 x 8, the model makes 8 x 8", "MediaType is 'image/jpeg'", "ResponseFormat is Uri",
                "ModelId is 'another'"],
            part => Assert.Contains(part, error.Message));
        Assert.Single((await Generator.GenerateImagesAsync("a ring", new()
        {
            ImageSize = new Size(8, 8),
            MediaType = "IMAGE/png",
            ResponseFormat = ImageGenerationResponseFormat.Data,
        })).Contents);
    }

    [Fact]
    public async Task GenerateAsync_CountBeyondAnyRequest_IsRefusedBeforeItIsPrepared()
    {
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => One(new() { Count = int.MaxValue }));
        Assert.Contains("Count is 2147483647, it must be from 1 to 1000", error.Message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData("soon")]
    [InlineData(1.5)]
    [InlineData(long.MaxValue)]
    public async Task GenerateAsync_SeedThatIsNone_IsRefused(object seed)
    {
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
            () => One(new() { AdditionalProperties = new() { ["Seed"] = seed } }));
        Assert.Contains("Seed is '", error.Message);
    }

    [Fact]
    public async Task GenerateAsync_MoreThanTheCallersShare_IsRefusedByTheService()
    {
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
            () => Generator.GenerateImagesAsync("", new() { Count = 5, AdditionalProperties = new() { ["Caller"] = "Ada" } }));
        Assert.Contains("CallerCapacity allows 4", error.Message);
    }

    [Fact]
    public async Task GenerateAsync_Twice_LeavesNoTensors()
    {
        _ = await One(new());
        ImageService service = Generator.GetRequiredService<ImageService>();
        await TinyService.Until(() => service.Pending == 0);
        long before = torch.Tensor.TotalCount;
        _ = await One(new());
        await TinyService.Until(() => service.Pending == 0);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void GetService_GivesWhatIsBehindIt()
    {
        Assert.Equal("gmem", Generator.GetRequiredService<ImageGeneratorMetadata>().ProviderName);
        Assert.Same(_services.GetRequiredService<ImageService>(), Generator.GetRequiredService<ImageService>());
        Assert.Same(Generator, Generator.GetRequiredService<GMemImageGenerator>());
        Assert.Null(Generator.GetService(typeof(ImageService), "key"));
    }

    private async Task<DataContent> One(ImageGenerationOptions options) =>
        Assert.IsType<DataContent>(Assert.Single((await Generator.GenerateImagesAsync("A RING", options)).Contents));
}
