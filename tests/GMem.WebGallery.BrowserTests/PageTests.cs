using GMem.Extensions;
using GMem.Images;
using GMem.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace GMem.WebGallery.BrowserTests;

/// <summary>The page in a headless Chromium.</summary>
public sealed class PageTests(Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task Page_DrawsFromAMemoryAndFromABlendOfTwo()
    {
        await using OpenPage open = await browser.Open();
        IPage page = open.Page;
        await Expect("#state", "24 memories");

        await open.Mode("memory");
        await page.ClickAsync("[data-index='3']");
        await page.ClickAsync("#draw");
        await Expect("#state", "done, from memory 3 (ring)");
        Assert.Equal(TinyModel.ImageSize, await page.EvaluateAsync<int>("document.getElementById('result').naturalWidth"));

        await open.Mode("blend");
        await page.ClickAsync("[data-index='3']");
        await page.ClickAsync("[data-index='17']");
        await page.FillAsync("#mix", "0.3");
        await Expect("#state", "done, from a blend");
        Assert.Equal("0.30", await page.InnerTextAsync("#mixed"));
        await Expect("#kept figcaption >> nth=0", "memory 3 (ring) and memory 17 (small disc), mix 0.30, seed 1");

        Task Expect(string selector, string text) => Assertions.Expect(page.Locator(selector)).ToHaveTextAsync(text);
    }

    [Fact]
    public async Task Page_MemoriesHaveThumbnails()
    {
        await using OpenPage open = await browser.Open();
        await open.Mode("memory");
        await Assertions.Expect(open.Page.Locator("#memories .memory")).ToHaveCountAsync(24);
        _ = await open.Page.WaitForFunctionAsync("document.querySelector('[data-index=\"0\"] img').naturalWidth === 8");
    }

    [Theory]
    [InlineData("a small  DISC, please", "small disc")]
    [InlineData("ring", "ring")]
    public async Task Page_WordsThatNameALabel_DrawOneOfItsMemories(string words, string label)
    {
        await using OpenPage open = await browser.Open();
        await open.Mode("label");
        await open.Page.FillAsync("#words", words);
        await open.Draw();
        await Assertions.Expect(open.Page.Locator("#state")).ToContainTextAsync($"({label})");

        // A label can be chosen instead.
        await open.Page.ClickAsync($"#labels button:text-is('{label}')");
        await Assertions.Expect(open.Page.Locator("#kept figure")).ToHaveCountAsync(2);
        await Assertions.Expect(open.Page.Locator("#state")).ToContainTextAsync($"({label})");
    }

    [Fact]
    public async Task Page_PictureOfOnesOwn_IsDrawnFrom()
    {
        await using OpenPage open = await browser.Open();
        RgbImage picture = OpenPage.Model.Generate([new(5, 4)])[0].Image;
        await open.Mode("picture");
        await Assertions.Expect(open.Page.Locator("#limit")).ToContainTextAsync("At most 10 MB");
        await open.Page.SetInputFilesAsync("#picture", Upload("holiday.png", PngWriter.Encode(picture)));
        await open.Draw();
        await Assertions.Expect(open.Page.Locator("#state")).ToHaveTextAsync("done, from your picture");
        await Assertions.Expect(open.Page.Locator("#kept figcaption")).ToHaveTextAsync("holiday.png, seed 1");
        Assert.Equal(OpenPage.Model.Generate([new(1, PromptImage: picture)])[0].Image.Pixels, await open.Result());
    }

    [Fact]
    public async Task Page_MaskDrawnOnThePicture_IsPaintedAnewAndTheRestIsKept()
    {
        await using OpenPage open = await browser.Open();
        RgbImage picture = OpenPage.Model.Generate([new(5, 4)])[0].Image;
        await open.Mode("picture");
        await open.Page.SetInputFilesAsync("#picture", Upload("holiday.png", PngWriter.Encode(picture)));
        LocatorBoundingBoxResult box = (await open.Page.Locator("#mask").BoundingBoxAsync())!;
        float x = box.X + (box.Width * 5 / 16), y = box.Y + (box.Height * 5 / 16);
        await open.Page.Mouse.MoveAsync(x, y);
        await open.Page.Mouse.DownAsync();
        await open.Page.Mouse.MoveAsync(x, y + (box.Height / 4), new MouseMoveOptions { Steps = 8 });
        await open.Page.Mouse.UpAsync();
        await open.Draw();
        await Assertions.Expect(open.Page.Locator("#kept figcaption")).ToHaveTextAsync("holiday.png, under a mask, seed 1");
        byte[] made = await open.Result();
        int[] right = [.. Enumerable.Range(0, made.Length).Where(i => i / 3 % picture.Width >= picture.Width / 2)];
        Assert.Equal(right.Select(i => picture.Pixels[i]), right.Select(i => made[i]));
        Assert.NotEqual(picture.Pixels, made);

        // What was drawn can be edited in its turn.
        await open.Page.ClickAsync("#edit");
        await open.Page.FillAsync("#strength", "0");
        await open.Draw();
        Assert.Equal(made, await open.Result());
    }

    [Fact]
    public async Task Page_RemovedMemory_IsNotDrawnUntilItIsPutBack()
    {
        await using OpenPage open = await browser.Open();
        ILocator state = open.Page.Locator("#state"), kept = open.Page.Locator("#kept figure");
        await open.Draw();
        string first = await state.InnerTextAsync();
        Assert.StartsWith("done, from memory ", first);

        await open.Page.ClickAsync("#remove");
        await Assertions.Expect(kept).ToHaveCountAsync(2);
        string second = await state.InnerTextAsync();
        Assert.StartsWith("done, from memory ", second);
        Assert.NotEqual(first, second);

        // It cannot be asked for either; another visitor still has it.
        long index = OpenPage.Model.EntryOf(new(1))!.Value.Index;
        await open.Mode("memory");
        await open.Page.ClickAsync($"[data-index='{index}']");
        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#error")).ToContainTextAsync($"Memory {index} is removed. Put it back");
        await open.Mode("any");
        await open.Page.ClickAsync("#removed button");
        await open.Draw();
        Assert.Equal(first, await state.InnerTextAsync());
        await Assertions.Expect(open.Page.Locator("#gone")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Page_NextSeedAndKeptPrompts_GoOnAndComeBack()
    {
        await using OpenPage open = await browser.Open();
        ILocator captions = open.Page.Locator("#kept figcaption");
        await open.Mode("label");
        await open.Page.FillAsync("#words", "ring");
        await open.Page.FillAsync("#seed", "9007199254740993");
        await open.Draw();
        byte[] first = await open.Result();
        await open.Page.ClickAsync("#next");
        await Assertions.Expect(captions).ToHaveCountAsync(2);
        Assert.Matches("^\"ring\": memory \\d+ \\(ring\\), seed 9007199254740994$", await captions.First.InnerTextAsync());

        await open.Mode("any");
        await open.Page.ClickAsync("#kept figure:last-child button");
        await Assertions.Expect(open.Page.Locator("#seed")).ToHaveValueAsync("9007199254740993");
        await Assertions.Expect(open.Page.Locator("[value=label]")).ToBeCheckedAsync();
        await open.Draw();
        Assert.Equal(first, await open.Result());
    }

    [Theory]
    [InlineData("label", "", "Write or choose a label.")]
    [InlineData("label", "a cat", "The prompt 'a cat' names no label; the model knows 'ring', 'small disc'.")]
    [InlineData("label", "a ring and a small disc", "names several labels")]
    [InlineData("memory", "", "Choose a memory.")]
    [InlineData("blend", "", "Choose two memories to blend.")]
    [InlineData("picture", "", "Choose a picture.")]
    public async Task Page_PromptThatCannotBe_SaysWhy(string mode, string words, string expected)
    {
        await using OpenPage open = await browser.Open();
        await open.Mode(mode);
        if (mode == "label")
        {
            await open.Page.FillAsync("#words", words);
        }

        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#error")).ToContainTextAsync(expected);
        await Assertions.Expect(open.Page.Locator("#error")).ToBeVisibleAsync();
        await Assertions.Expect(open.Page.Locator("#kept figure")).ToHaveCountAsync(0);
        await open.Mode("any");
        await open.Draw();
        await Assertions.Expect(open.Page.Locator("#error")).ToBeHiddenAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    public async Task Page_SeedThatIsNone_SaysWhy(string seed)
    {
        await using OpenPage open = await browser.Open();
        await open.Page.FillAsync("#seed", seed);
        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#error")).ToContainTextAsync($"The seed is '{seed}'; it must be a whole number");
    }

    [Theory]
    [InlineData("notes.txt", 100, "'notes.txt'")]
    [InlineData("empty.png", 0, "'empty.png' is empty")]
    [InlineData("film.png", 11 << 20, "film.png has 11.0 MB; at most 10 MB are taken.")]
    public async Task Page_PictureThatIsNone_SaysWhy(string name, int bytes, string expected)
    {
        await using OpenPage open = await browser.Open();
        await open.Mode("picture");
        await open.Page.SetInputFilesAsync("#picture", Upload(name, new byte[bytes]));
        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#error")).ToContainTextAsync(expected);
    }

    [Fact]
    public async Task Page_ServerBusy_SaysWhenToTryAgain()
    {
        await using OpenPage open = await browser.Open(
            steps: 10_000, configure: options => (options.CallerCapacity, options.WhenFull) = (1, QueueFullMode.Refuse));
        using HttpClient other = new() { BaseAddress = new Uri(open.Address) };
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> running = other.GetAsync("/api/image", gone.Token);
        await Until(() => open.Images.Pending == 1);
        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#error")).ToContainTextAsync("The service is busy");
        await Assertions.Expect(open.Page.Locator("#error")).ToContainTextAsync("Try again in");
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Page_NotFinishedInTime_SaysSo()
    {
        await using OpenPage open = await browser.Open(
            steps: 10_000, configure: options => options.Timeout = TimeSpan.FromMilliseconds(200));
        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#error")).ToContainTextAsync("not finished within 0.2 s");
    }

    [Theory]
    [InlineData("any")]
    [InlineData("label")]
    [InlineData("memory")]
    [InlineData("blend")]
    [InlineData("picture")]
    public async Task Page_OnATelephone_NeedsNoScrollingSideways(string mode)
    {
        await using OpenPage open = await browser.Open(width: 390);
        await open.Draw();
        await open.Page.FillAsync("#seed", new string('9', 200));
        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#error")).ToContainTextAsync("The seed is");
        await open.Page.FillAsync("#seed", "1");
        await open.Mode(mode);
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 200, 390);
        await open.Page.ClickAsync("#next");
    }

    [Fact]
    public async Task Page_ClosedHalfWay_StopsTheWork()
    {
        await using OpenPage open = await browser.Open(steps: 10_000);
        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#state")).ToContainTextAsync("step ");
        Assert.Equal(1, open.Images.Pending);
        await open.Page.CloseAsync();
        await Until(() => open.Images.Pending == 0);
    }

    [Fact]
    public async Task Page_Stopped_StopsTheWork()
    {
        await using OpenPage open = await browser.Open(steps: 10_000);
        await open.Page.ClickAsync("#draw");
        await Assertions.Expect(open.Page.Locator("#state")).ToContainTextAsync("step ");
        await open.Page.ClickAsync("#stop");
        await Until(() => open.Images.Pending == 0);
        await Assertions.Expect(open.Page.Locator("#state")).ToHaveTextAsync("stopped");
        await Assertions.Expect(open.Page.Locator("#error")).ToBeHiddenAsync();
    }

    private static FilePayload Upload(string name, byte[] bytes) => new() { Name = name, MimeType = "image/png", Buffer = bytes };

    private static async Task Until(Func<bool> holds)
    {
        for (int i = 0; i < 1000 && !holds(); i++)
        {
            await Task.Delay(10);
        }

        Assert.True(holds(), "it did not happen within 10 seconds");
    }
}
