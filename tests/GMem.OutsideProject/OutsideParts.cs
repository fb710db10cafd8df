using GMem.Parts;

namespace GMem.OutsideProject;

/// <summary>What a package with parts offers its users.</summary>
public static class OutsideParts
{
    public static void Register()
    {
        ModelParts.Register(ColourGridEncoder.SavedKind, ColourGridEncoder.Load);
        ModelParts.Register(AngleCondition.SavedKind, AngleCondition.Load);
        ModelParts.Register(MixingAutoencoder.SavedKind, MixingAutoencoder.Load);
    }
}
