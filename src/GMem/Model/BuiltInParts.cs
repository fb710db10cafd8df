using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Encoders.DinoV2;
using GMem.Parts;
using GMem.Training;

namespace GMem;

/// <summary>The parts that need no registration: one line each.</summary>
internal static class BuiltInParts
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Part kinds must be known before any program registers its own or loads a model.")]
    internal static void Register()
    {
        ModelParts.Register(PcaEncoder.SavedKind, PcaEncoder.Load);
        ModelParts.Register(DinoV2Encoder.SavedKind, DinoV2Encoder.Load);
        ModelParts.Register(PixelAutoencoder.SavedKind, PixelAutoencoder.Load);
        ModelParts.Register(KlAutoencoder.SavedKind, KlAutoencoder.Load);
        ModelParts.Register(SnippetCondition.SavedKind, SnippetCondition.Load);
        ModelParts.Register(LabelCondition.SavedKind, LabelCondition.Load);
        ModelParts.Register(ValuesCondition.SavedKind, ValuesCondition.Load);
        ModelParts.Register(AugmentationCondition.SavedKind, AugmentationCondition.Load);
        ModelParts.Register(RidgeSource.SavedKind, RidgeSource.Load);
    }
}
