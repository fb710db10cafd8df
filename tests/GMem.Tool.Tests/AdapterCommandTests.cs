using System.Text.Json;

namespace GMem.Tool.Tests;

/// <summary>Fine-tuning at the command line: a part of a model, and adapters trained, added and removed.</summary>
public sealed class AdapterCommandTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    private static readonly string[] Run = ["--batch-size", "8", "--steps", "6", "--seed", "5", "--learning-rate", "0.01"];

    private string Adapter => files.File("a.safetensors");

    [Fact]
    public void Train_AnAdapter_IsInTheModelAndByItself()
    {
        string tuned = Train(), removed = files.File("removed.zip"), added = files.File("added.zip");
        Assert.InRange(new FileInfo(Adapter).Length, 10_000, 100_000);
        string info = ToolRun.Done("info", Adapter);
        Snapshot.Match("info-adapter", info[..info.IndexOf("trained.network", StringComparison.Ordinal)], (files.Path + "/", ""));
        Assert.Equal(4, Json(tuned).GetProperty("adapter").GetProperty("rank").GetInt32());
        Assert.False(Json(files.Model).TryGetProperty("adapter", out _));

        byte[] own = Generate(tuned), half = Generate(tuned, "--adapter-strength", "0.5"), off = Generate(tuned, "--adapter-strength", "0");
        Assert.NotEqual(own, half);
        Assert.NotEqual(own, off);
        Assert.Equal(
            $"Wrote {removed}: a model without an adapter.\n", ToolRun.Done("adapter", "remove", tuned, "--output", removed));
        Assert.Equal(off, Generate(removed));
        Assert.Equal(
            $"Wrote {added}: a model with an adapter.\n",
            ToolRun.Done("adapter", "add", removed, Adapter, "--strength", "0.5", "--output", added));
        Assert.Equal(half, Generate(added));
        Assert.Equal(half, Generate(removed, "--adapter", Adapter, "--adapter-strength", "0.5"));
        Assert.Equal(own, Generate(removed, "--adapter", Adapter));
    }

    [Fact]
    public void Train_FromAModelWithAFrozenPart_KeepsItsShapeAndIsShown()
    {
        string dry = ToolRun.Done([
            "train", files.Images, "--from", files.Model, "--freeze", "blocks.*.attn.*", "x_embedder.*", "--dry-run", "--json", .. Run]);
        JsonElement settings = JsonDocument.Parse(dry).RootElement;
        Assert.Equal(8, settings.GetProperty("imageWidth").GetInt32());
        Assert.Equal(32, settings.GetProperty("network").GetProperty("hiddenSize").GetInt32());
        Assert.Equal(files.Model, settings.GetProperty("from").GetString());
        Assert.Equal(
            ["blocks.*.attn.*", "x_embedder.*"],
            settings.GetProperty("training").GetProperty("freeze").EnumerateArray().Select(p => p.GetString()));
        _ = ToolRun.Done([
            "train", files.Images, "--from", files.Model, "--freeze", "blocks.*.attn.*", "--output", files.File("frozen.zip"), .. Run]);
    }

    [Theory]
    [InlineData("--adapter-alpha is for an adapter: give --adapter-rank as well.", "--adapter-alpha", "4")]
    [InlineData("--from is null, it must be set with --adapter-rank, which is trained on it", "--adapter-rank", "4")]
    [InlineData("--hidden-size is decided by the model of --from; leave it out.", "--from", "MODEL", "--hidden-size", "64")]
    [InlineData("--freeze has the pattern 'attn', which fits none of the names: ", "--from", "MODEL", "--freeze", "attn")]
    [InlineData("--adapter-output is 'a.zip', but must end in .safetensors", "--adapter-rank", "4", "--adapter-output", "a.zip")]
    public void Train_WhatDoesNotFit_IsRefusedInTheWordsOfTheCommandLine(string message, params string[] arguments)
    {
        ToolRun run = ToolRun.Of([
            "train", files.Images, "--image-size", "8", "--output", files.File("refused.zip"),
            .. arguments.Select(a => a == "MODEL" ? files.Model : a), .. Run]);
        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_WithWhatIsNoAdapterOfTheModel_IsRefused()
    {
        _ = Train();
        string other = files.File("other.zip");
        _ = ToolRun.Done(["train", files.Images, "--output", other, .. TinyFiles.SettingsWith(steps: 3)]);
        Assert.Contains("with other weights", Refused(other, "--adapter", Adapter), StringComparison.Ordinal);
        Assert.Contains("is no adapter", Refused(files.Model, "--adapter", Bank()), StringComparison.Ordinal);
        Assert.Contains("The model has no adapter", Refused(files.Model, "--adapter-strength", "0.5"), StringComparison.Ordinal);
        ToolRun remove = ToolRun.Of("adapter", "remove", files.Model, "--output", files.File("none.zip"));
        Assert.Contains("The model has no adapter.", remove.Error, StringComparison.Ordinal);

        string Refused(string model, params string[] arguments)
        {
            ToolRun run = ToolRun.Of(["generate", model, "--count", "1", "--output", files.File("none.png"), .. arguments]);
            Assert.Equal(ExitCode.Fault, run.Code);
            return run.Error;
        }

        string Bank()
        {
            _ = ToolRun.Done("memory", "export", files.Model, "--output", files.File("bank.safetensors"));
            return files.File("bank.safetensors");
        }
    }

    private string Train()
    {
        string tuned = files.File("tuned.zip");
        _ = ToolRun.Done([
            "train", files.Images, "--from", files.Model, "--adapter-rank", "4", "--adapter-output", Adapter, "--output", tuned, .. Run]);
        return tuned;
    }

    private static JsonElement Json(string model) => JsonDocument.Parse(ToolRun.Done("info", model, "--json")).RootElement;

    private byte[] Generate(string model, params string[] arguments)
    {
        string output = files.File("generated.png");
        _ = ToolRun.Done(["generate", model, "--count", "2", "--output", output, .. arguments]);
        return File.ReadAllBytes(output);
    }
}
