using System.Text.RegularExpressions;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Backbone;

/// <summary>
/// The published sizes, of which there are no recorded weights, have the tensors of the recorded small networks with the same switches,
/// block by block.
/// </summary>
public sealed partial class SiTNamePatternTests
{
    private const string Folder = "backbone";
    private const string WeightsSuffix = ".weights.safetensors";

    [Theory]
    [InlineData("XL")]
    [InlineData("1p6B")]
    public void StateDict_OfAPublishedSize_FollowsThePatternOfEveryRecordedNetwork(string preset)
    {
        string[] files = [.. ReferenceFolder.Files(Folder).Where(f => f.EndsWith(WeightsSuffix, StringComparison.Ordinal))];
        ReferenceFolder.RequireCases(Folder, files, "patterns of names");
        foreach (string path in files)
        {
            using SafetensorsFile weights = SafetensorsFile.Open(path);
            using SafetensorsFile recorded = SafetensorsFile.Open(path.Replace(WeightsSuffix, ".io.safetensors", StringComparison.Ordinal));
            SiTPreset size = SiTPreset.Find(preset);
            SiTOptions options = TestBackbone.Options(recorded.Config()) with
            {
                HiddenSize = size.HiddenSize,
                Depth = size.Depth,
                HeadCount = size.HeadCount,
                MlpHiddenSize = null,
            };
            using SiT network = new(options, device: torch.META);
            string[] expected = Pattern(weights.Entries.Select(e => (e.Name, e.Shape.Count)));
            string[] actual = Pattern(network.StateDictTensors().Select(t => (t.Key, t.Value.shape.Length)));
            Assert.Equal(expected, actual);
            Assert.Equal(size.Depth, network.StateDictTensors().Keys.Select(
                n => Block().Match(n)).Where(m => m.Success).Select(m => m.Value).Distinct().Count());
        }
    }

    private static string[] Pattern(IEnumerable<(string Name, int Rank)> tensors) =>
        [.. tensors.Select(t => $"{Block().Replace(t.Name, "blocks.N.")} of {t.Rank} sizes").Distinct().Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"^blocks\.\d+\.")]
    private static partial Regex Block();
}
