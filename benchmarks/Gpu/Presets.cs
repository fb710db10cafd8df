using GMem.Backbone;

namespace Gpu;

internal static class Presets
{
    public static SiTPreset Of(string name) => name switch
    {
        "S" => SiTPreset.S,
        "B" => SiTPreset.B,
        "L" => SiTPreset.L,
        "XL" => SiTPreset.XL,
        _ => throw new ArgumentException($"--presets has '{name}'; it must be of S, B, L, XL, separated by commas."),
    };
}
