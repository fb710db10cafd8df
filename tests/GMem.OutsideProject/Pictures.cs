using TorchSharp;

namespace GMem.OutsideProject;

/// <summary>Images as texts, which tests compare.</summary>
public static class Pictures
{
    /// <summary>One line an image: its pixels in hexadecimal.</summary>
    public static string[] Of(GMemModel model, params long[] seeds) =>
        [.. model.Generate([.. seeds.Select(seed => new GenerationRequest(seed))]).Select(i => Convert.ToHexString(i.Image.Pixels))];
}
