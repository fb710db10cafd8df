using System.Net;
using System.Text.Json;
using GMem.Images;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Extensions.Tests;

/// <summary>The page's server, over real connections: twenty at once, and clients who go away.</summary>
[Collection(TinyService.OneAtATime)]
public sealed class GalleryTests
{
    private const string AllRemoved = "removed=0&removed=1&removed=2&removed=3&removed=4&removed=5&removed=6&removed=7&removed=8&removed=9"
        + "&removed=10&removed=11&removed=12&removed=13&removed=14&removed=15&removed=16&removed=17&removed=18&removed=19&removed=20"
        + "&removed=21&removed=22&removed=23";

    [Fact]
    public async Task Page_IsOneFileWithoutAssetsFromElsewhere()
    {
        await using Server server = await Server.Start();
        string page = await server.Client.GetStringAsync("/");
        Assert.Contains("<title>GMem gallery</title>", page);
        Assert.DoesNotContain("http://", page);
        Assert.DoesNotContain("https://", page);
    }

    [Fact]
    public async Task Model_NamesMemories()
    {
        await using Server server = await Server.Start();
        JsonElement model = JsonDocument.Parse(await server.Client.GetStringAsync("/api/model")).RootElement;
        Assert.Equal(TinyService.Model.Memory.Count, model.GetProperty("count").GetInt64());
        Assert.Equal(24, model.GetProperty("memories").GetArrayLength());
    }

    [Fact]
    public async Task Image_TwentyAtOnce_AreTheImagesAskedFor()
    {
        await using Server server = await Server.Start();
        byte[][] answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => server.Client.GetByteArrayAsync($"/api/image?seed={i}&memory={i}")));
        for (int i = 0; i < answers.Length; i++)
        {
            IReadOnlyList<GeneratedImage> expected = TinyService.Model.Generate([new(i, i)]);
            Assert.Equal(expected[0].Image.Pixels, ImageReader.Decode(answers[i], "answer").Pixels);
        }

        await TinyService.Until(() => server.Images.Pending == 0);
    }

    [Theory]
    [InlineData("seed=3")]
    [InlineData("seed=3&memory=2")]
    [InlineData("seed=3&memory=2&second=9&mix=0.25")]
    [InlineData("seed=3&memory=2&second=9&mix=0.25&removed=1&removed=23")]
    public async Task Stream_OfAnyWish_HasPreviewsAndThenTheImage(string wish)
    {
        await using Server server = await Server.Start();
        string[] events = [.. (await server.Client.GetStringAsync($"/api/stream?{wish}")).Split('\n').Where(
            line => line.StartsWith("event: ", StringComparison.Ordinal))];
        Assert.Equal(["event: preview", "event: preview", "event: image"], events);
    }

    [Theory]
    [InlineData("memory=24", "MemoryIndex must be from 0 to 23")]
    [InlineData("memory=1&second=99", "index 99")]
    [InlineData("seed=", "The seed is ''; it must be a whole number")]
    [InlineData("seed=soon", "The seed is 'soon'; it must be a whole number")]
    [InlineData("memory=one", "Nullable<long> Memory")]
    [InlineData("label=cat", "names no label; the model has no labels")]
    [InlineData("removed=5&memory=5", "Memory 5 is removed. Put it back")]
    [InlineData("removed=5&memory=2&second=5", "Memory 5 is removed. Put it back")]
    [InlineData("removed=99", "99")]
    [InlineData(AllRemoved, "No entry would be left")]
    public async Task Stream_OfAWishThatCannotBe_SaysWhy(string wish, string expected)
    {
        await using Server server = await Server.Start();
        HttpResponseMessage answer = await server.Client.GetAsync($"/api/stream?{wish}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Image_WithRemovedMemories_DrawsFromTheOthersUnderTheirOwnNumbers()
    {
        await using Server server = await Server.Start();
        long drawn = TinyService.Model.EntryOf(new(3))!.Value.Index;
        string events = await server.Client.GetStringAsync($"/api/stream?seed=3&removed={drawn}");
        string data = events.Split('\n').Last(line => line.StartsWith("data: ", StringComparison.Ordinal))["data: ".Length..];
        JsonElement frame = JsonDocument.Parse(data).RootElement;
        long other = frame.GetProperty("memory").GetInt64();
        Assert.NotEqual(drawn, other);

        // The number is the one that it has in the whole memory.
        byte[] expected = TinyService.Model.Generate([new(3, other)])[0].Image.Pixels;
        Assert.Equal(expected, ImageReader.Decode(frame.GetProperty("png").GetBytesFromBase64(), "frame").Pixels);
        byte[] again = await server.Client.GetByteArrayAsync($"/api/image?seed=3&memory={other}&removed={drawn}");
        Assert.Equal(expected, ImageReader.Decode(again, "answer").Pixels);
    }

    [Fact]
    public async Task Image_OfAPicture_IsDrawnFromItsSnippet()
    {
        await using Server server = await Server.Start();
        RgbImage picture = TinyService.Model.Generate([new(5, 4)])[0].Image;
        HttpResponseMessage answer = await server.Client.PostAsync("/api/image?seed=3", new ByteArrayContent(PngWriter.Encode(picture)));
        Assert.Equal(
            TinyService.Model.Generate([new(3, PromptImage: picture)])[0].Image.Pixels,
            ImageReader.Decode(await answer.Content.ReadAsByteArrayAsync(), "answer").Pixels);
    }

    [Fact]
    public async Task Image_OfAPictureWithStrengthAndMask_VariesAndKeepsWhatIsNotPainted()
    {
        await using Server server = await Server.Start();
        RgbImage picture = TinyService.Model.Generate([new(5, 4)])[0].Image;
        byte[] png = PngWriter.Encode(picture);
        HttpResponseMessage varied = await server.Client.PostAsync("/api/image?seed=3&strength=0.5", new ByteArrayContent(png));
        Assert.Equal(
            TinyService.Model.Generate([new(3, PromptImage: picture, Strength: 0.5)])[0].Image.Pixels,
            ImageReader.Decode(await varied.Content.ReadAsByteArrayAsync(), "answer").Pixels);

        RgbImage mask = new(256, 256, [.. Enumerable.Range(0, 256 * 256 * 3).Select(i => i / 3 % 256 < 128 ? byte.MaxValue : (byte)0)]);
        using MultipartFormDataContent form = new()
        {
            { new ByteArrayContent(png), "picture", "picture.png" },
            { new ByteArrayContent(PngWriter.Encode(mask)), "mask", "mask.png" },
        };
        HttpResponseMessage repaired = await server.Client.PostAsync("/api/image?seed=3", form);
        byte[] made = ImageReader.Decode(await repaired.Content.ReadAsByteArrayAsync(), "answer").Pixels;
        int[] kept = [.. Enumerable.Range(0, made.Length).Where(i => i / 3 % picture.Width >= picture.Width / 2)];
        Assert.Equal(kept.Select(i => picture.Pixels[i]), kept.Select(i => made[i]));
        Assert.NotEqual(picture.Pixels, made);

        HttpResponseMessage wrong = await server.Client.PostAsync("/api/image?strength=2", new ByteArrayContent(png));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("The Strength is 2", await wrong.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(0, "'holiday.png' is empty")]
    [InlineData(100, "'holiday.png'")]
    public async Task Image_OfAPictureThatIsNone_SaysWhy(int bytes, string expected)
    {
        await using Server server = await Server.Start();
        HttpResponseMessage answer = await server.Client.PostAsync("/api/image?name=holiday.png", new ByteArrayContent(new byte[bytes]));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Image_OfAPictureThatIsTooLarge_IsRefused()
    {
        await using Server server = await Server.Start();
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/image") { Content = new ByteArrayContent(new byte[(10 << 20) + 1]) };
        request.Headers.ExpectContinue = true;
        HttpResponseMessage answer = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("too large", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Thumbnail_OfEachMemoryShown_IsAPictureAndTheSameForAll()
    {
        await using Server server = await Server.Start(TinyService.Slow);
        byte[][] pictures = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => server.Client.GetByteArrayAsync(
            $"/api/thumbnail?memory={i}")));
        Assert.All(pictures, picture => Assert.Equal(TinyModel.ImageSize, ImageReader.Decode(picture, "thumbnail").Width));
        Assert.Equal(24, pictures.Select(Convert.ToBase64String).Distinct().Count());
        Assert.Equal(pictures[7], await server.Client.GetByteArrayAsync("/api/thumbnail?memory=7"));
        HttpResponseMessage other = await server.Client.GetAsync("/api/thumbnail?memory=24");
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
    }

    [Fact]
    public async Task Stream_ClientsGoneHalfWay_StopsTheWorkAndLeavesNothing()
    {
        await using Server server = await Server.Start(TinyService.Slow);
        await LeaveHalfWay(server);
        await TinyService.Until(() => server.Images.Pending == 0);
        long before = torch.Tensor.TotalCount;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => LeaveHalfWay(server)));
        await TinyService.Until(() => server.Images.Pending == 0);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    /// <summary>Reads the beginning of a stream, then closes the connection.</summary>
    private static async Task LeaveHalfWay(Server server)
    {
        using HttpClient client = new() { BaseAddress = server.Client.BaseAddress };
        await using Stream stream = await client.GetStreamAsync("/api/stream?seed=1");
        Assert.True(await stream.ReadAsync(new byte[64]) > 0);
    }

    [Fact]
    public async Task Image_QueueFull_IsRefusedWithATimeToTryAgain()
    {
        await using Server server = await Server.Start(TinyService.Slow, options =>
            (options.BatchSize, options.QueueCapacity, options.WhenFull, options.CallerCapacity) = (1, 1, QueueFullMode.Refuse, 2));
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health/ready")).StatusCode);
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> running = server.Client.GetAsync("/api/image?seed=1", gone.Token);
        await TinyService.Until(() => server.Images.Pending == 1);
        await Task.Delay(50);
        Task<HttpResponseMessage> waiting = server.Client.GetAsync("/api/image?seed=2", gone.Token);
        await TinyService.Until(() => server.Images.Pending == 2);
        foreach (string path in new[] { "image", "stream" })
        {
            HttpResponseMessage answer = await server.Client.GetAsync($"/api/{path}?seed=3");
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 600);
            Assert.Contains("CallerCapacity is 2", await answer.Content.ReadAsStringAsync());
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.Client.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health/live")).StatusCode);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await TinyService.Until(() => server.Images.Pending == 0);
    }

    [Fact]
    public async Task Image_NotFinishedInTime_IsUnavailable()
    {
        await using Server server = await Server.Start(TinyService.Slow, options => options.Timeout = TimeSpan.FromMilliseconds(50));
        HttpResponseMessage answer = await server.Client.GetAsync("/api/image?seed=1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        await TinyService.Until(() => server.Images.Pending == 0);
    }
}
