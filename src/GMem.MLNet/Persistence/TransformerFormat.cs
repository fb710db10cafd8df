using System.Text.Json;
using GMem.MLNet;
using GMem.MLNet.Generation;
using GMem.MLNet.Persistence;

[assembly: LoadableClass(
    typeof(GMemTransformer), typeof(TransformerFormat), null, typeof(SignatureLoadModel), TransformerFormat.UserName,
    TransformerFormat.LoaderSignature)]

namespace GMem.MLNet.Persistence;

/// <summary>
/// How a <see cref="GMemTransformer"/> lies in ML.NET's <c>model.zip</c>: a header by which ML.NET finds this class,
/// <c>transformer.json</c>, and the model's own entries.
/// </summary>
internal static class TransformerFormat
{
    public const string UserName = "GMem image generator";
    public const string LoaderSignature = "GMemTransformer";

    /// <summary>Version that is written; a reader of a lower one refuses it. 0x00010001: the first.</summary>
    private const uint Version = 0x00010001;

    public const string SettingsEntry = "transformer.json";

    public static void Save(GMemTransformer transformer, ModelSaveContext context)
    {
        context.CheckAtModel();
        context.SetVersionInfo(VersionInfo());
        SavedModel archive = new(context);
        Settings settings = new(transformer.Generation, transformer.FirstSeed, transformer.Trained);
        archive.Write(SettingsEntry, stream => JsonSerializer.Serialize(stream, settings));
        transformer.Model.Save(archive);
    }

    /// <summary>Called by ML.NET, which finds it by its name.</summary>
    internal static GMemTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        CheckVersion(context);
        context.CheckAtModel(VersionInfo());
        return Load(environment, LoadedModel.Of(context));
    }

    /// <summary>Reads a transformer from its entries.</summary>
    internal static GMemTransformer Load(IHostEnvironment environment, IModelArchive archive)
    {
        Settings settings = ReadSettings(archive);
        using IDisposable loading = SavedTransformer.LoadIn(environment);
        GMemModel model = GMemModel.Load(archive, EnvironmentDevice.Select(environment));
        return new GMemTransformer(model, settings.Generation, settings.FirstSeed, settings.Trained);
    }

    /// <summary>ML.NET's own check speaks of versions of ML.NET; this one comes first.</summary>
    private static void CheckVersion(ModelLoadContext context)
    {
        uint needed = context.Header.ModelVerReadable;
        if (context.Header.ModelSignature == VersionInfo().ModelSignature && needed > Version)
        {
            throw new InvalidDataException(
                $"The model was saved by a newer GMem.MLNet: it needs format version 0x{needed:x8}, and this one reads versions up to "
                    + $"0x{Version:x8}. "
                + "Update the GMem.MLNet package to load it.");
        }
    }

    private static Settings ReadSettings(IModelArchive archive)
    {
        Settings? settings = null;
        try
        {
            if (!archive.TryRead(SettingsEntry, stream => settings = JsonSerializer.Deserialize<Settings>(stream)))
            {
                throw new InvalidDataException($"The model has no entry '{SettingsEntry}': it is damaged.");
            }

            settings?.Generation.Validate();
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException)
        {
            throw new InvalidDataException($"The model's '{SettingsEntry}' is damaged: {e.Message}", e);
        }

        return settings ?? throw new InvalidDataException($"The model's '{SettingsEntry}' is damaged: it is empty.");
    }

    /// <summary>
    /// The assembly goes in by its simple name, so that another version of it can try to load the model and judge for itself.
    /// </summary>
    private static VersionInfo VersionInfo() => new(
        modelSignature: "GMEMXFRM",
        verWrittenCur: Version,
        verReadableCur: Version,
        verWeCanReadBack: Version,
        loaderAssemblyName: typeof(GMemTransformer).Assembly.GetName().Name!,
        loaderSignature: LoaderSignature);

    private sealed record Settings(GenerationOptions Generation, long FirstSeed, TrainedColumns? Trained = null);
}
