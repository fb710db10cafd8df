using System.Text.Json;
using GMem.Sampling;
using GMem.Tool.Output;

namespace GMem.Tool.Tests;

/// <summary><c>gmem tune</c>: what wins is saved, and nothing else touches the model.</summary>
public sealed class TuneCommandTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    [Fact]
    public void Tune_ModelWithABadShift_SavesWhatWinsAndThenKeepsIt()
    {
        string model = BadModel("bad.zip"), other = files.File("other.zip");
        byte[] before = File.ReadAllBytes(model);
        string[] settings = ["--real", files.Images, "--samples", "16", "--rounds", "10", "--json"];
        JsonElement found = Json(["tune", model, .. settings, "--output", other]);
        Assert.Equal(before, File.ReadAllBytes(model));
        Assert.False(found.GetProperty("isKept").GetBoolean());
        Assert.Equal(
            found.GetProperty("sampling").GetRawText(), Json(["info", other, "--json"]).GetProperty("sampling").GetRawText());
        Assert.NotEqual(1000, found.GetProperty("sampling").GetProperty("timestepShift").GetDouble());
        Assert.True(found.GetProperty("tuning").GetProperty("distance").GetDouble()
            < found.GetProperty("tuning").GetProperty("untunedDistance").GetDouble());
        Assert.True(found.GetProperty("report").GetProperty("untunedDistance").GetDouble() > 0);
        Assert.Equal(12, found.GetProperty("realCount").GetInt32());

        // From there nothing is better: the search had ended.
        byte[] tuned = File.ReadAllBytes(other);
        JsonElement again = Json(["tune", other, .. settings]);
        Assert.True(again.GetProperty("isKept").GetBoolean());
        Assert.Equal(tuned, File.ReadAllBytes(other));
        Assert.Equal(JsonValueKind.Null, again.TryGetProperty("saved", out JsonElement saved) ? saved.ValueKind : JsonValueKind.Null);
    }

    [Fact]
    public void Tune_IntoTheModelItself_IsUsedFromThenOn()
    {
        string model = BadModel("itself.zip");
        string text = ToolRun.Done("tune", model, "--real", files.Images, "--training", files.Images, "--samples", "16", "--rounds", "1");
        Assert.Contains("not searched", ToolRun.Done("tune", model, "--real", files.Images, "--samples", "16", "--rounds", "1"),
            StringComparison.Ordinal);
        Assert.Contains("<- chosen", text, StringComparison.Ordinal);
        Assert.Contains($"Saved in {model}.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("1000", Json(["info", model, "--json"]).GetProperty("sampling").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Tune_Interrupted_LeavesTheModelAsItWas()
    {
        string model = BadModel("interrupted.zip");
        byte[] before = File.ReadAllBytes(model);
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(2));
        using StringWriter output = new(), error = new();
        ExitCode code = ToolProgram.Run(
            ["tune", model, "--real", files.Images, "--samples", "100000"], new ToolConsole(output, error, terminal: false), stop.Token);
        Assert.Equal(ExitCode.Cancelled, code);
        Assert.Equal(before, File.ReadAllBytes(model));
        Assert.Equal([model], Directory.EnumerateFiles(files.Path, "interrupted.zip*"));
    }

    [Theory]
    [InlineData("few", "There are 8 real pictures, expected at least 16: half of them to choose on, half for the report.")]
    [InlineData("inside", "which lies in")]
    public void Tune_WhatDoesNotFit_IsRefused(string what, string message)
    {
        string real = files.Images, few = files.File("few");
        _ = Directory.CreateDirectory(few);
        foreach (string picture in Directory.EnumerateFiles(files.Images, "0?.png", SearchOption.AllDirectories).Order().Take(8))
        {
            File.Copy(picture, Path.Combine(few, Path.GetFileName(picture)), overwrite: true);
        }

        string output = what == "inside" ? Path.Combine(real, "tuned.zip") : files.File("tuned.zip");
        ToolRun run = ToolRun.Of("tune", files.Model, "--real", what == "few" ? few : real, "--samples", "16", "--output", output);
        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    /// <summary>A shift that leaves almost all of the noise, so that any other is better.</summary>
    private string BadModel(string name)
    {
        string path = files.File(name);
        using GMemModel model = GMemModel.Load(files.Model);
        using GMemModel bad = model.WithSampling(new SamplingOptions { Steps = 3, TimestepShift = 1000 });
        bad.Save(path);
        return path;
    }

    private static JsonElement Json(string[] arguments) => JsonDocument.Parse(ToolRun.Done(arguments)).RootElement;
}
