using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;
using GMem.Latents;
using GMem.Memory;
using GMem.Training;

namespace GMem;

/// <summary>From encoded images to all that training needs: nothing is encoded any more, but everything must fit.</summary>
internal sealed class LatentPreparation(
    LatentDataSet latents, MemoryBank? memory, MemoryBank? mirroredMemory, GMemOptions options, torch.Device device,
    CancellationToken cancellationToken)
{
    /// <summary>Class numbers beyond this are taken for damage; ImageNet-21K has 21,841.</summary>
    private const long MostClasses = 1_000_000;

    private readonly NetworkPlan _plan = new(options);

    private bool Mirror => options.Training.HorizontalFlip;

    /// <exception cref="ArgumentException">The latents, the banks or the options do not fit; the message says which and why.</exception>
    public PreparedTraining Run()
    {
        CheckLatents();
        RowPair? deviations = Pair(EncodedTable.Deviations);
        LatentStatistics? statistics = _plan.Autoencoder.NormalizesLatents
            ? _plan.Statistics ?? latents.Statistics ?? LatentStatisticsPass.Compute(latents.Rows, cancellationToken)
            : null;
        long[]? labels = _plan.Network.Conditions.Any(c => c is LabelCondition) ? Labels() : null;
        MemoryBank? bank = _plan.UsesSnippets ? Bank(memory, EncodedTable.Snippets, nameof(memory)) : null;
        MemoryBank? mirroredBank = _plan.UsesSnippets && Mirror
            ? Bank(mirroredMemory, EncodedTable.Mirrored(EncodedTable.Snippets), nameof(mirroredMemory))
            : null;
        string[]? classNames = labels is null ? null : ClassNames(labels);
        string[]? labelNames = labels is null ? null : Array.ConvertAll(labels, l => classNames![l]);
        ConditionData conditionData = ConditionSource.Of(
            bank, mirroredBank, labelNames, classNames, new Dictionary<string, torch.Tensor>());
        List<IDisposable> owned = [];
        _plan.Hold(owned);
        return new PreparedTraining(owned)
        {
            Set = new TrainingSet(new LatentData(Pair(EncodedTable.Latents)!, deviations, statistics, options.Training.Seed), device)
            {
                ConditionData = conditionData,
                Conditions = _plan.Conditions(conditionData),
                Tokens = _plan.UsesTokens ? Tokens() : null,
            },
            Bank = bank,
            Encoder = Encoder(bank),
            Autoencoder = _plan.Normalised(statistics, owned),
            ImageShape = new ImageShape(
                latents.Height * _plan.Autoencoder.DownsamplingFactor, latents.Width * _plan.Autoencoder.DownsamplingFactor,
                _plan.Autoencoder.ImageChannels),
        };
    }

    private RowPair? Pair(string name) =>
        latents.Rows.Find(name) is { } plain ? new RowPair(plain, Mirror ? latents.Rows.Find(EncodedTable.Mirrored(name)) : null) : null;

    private SnippetEncoder? Encoder(MemoryBank? bank) => bank is null || _plan.Encoder is not { } encoder ? null
        : encoder.Dimension == bank.Dimension ? encoder
        : throw new ArgumentException(
            $"The encoder gives snippets of {encoder.Dimension} entries, but the bank has {bank.Dimension}; leave Encoder null if it did "
                + "not make the bank.");

    private MemoryBank Bank(MemoryBank? given, string name, string parameter)
    {
        if (given is null && latents.Rows.Find(name) is { } rows)
        {
            using torch.Tensor all = rows.Range(0, rows.Count);
            return MemoryBank.FromRows(all);
        }

        return given is null ? throw new ArgumentException(
                $"'{latents.Folder}' holds no '{name}'; give a bank whose entry i is the snippet of "
                    + $"{(name == EncodedTable.Snippets ? "" : "the mirror image of ")}image i.", parameter)
            : given.Count == latents.Count ? given
            : throw new ArgumentException(
                $"The bank has {given.Count} entries, but '{latents.Folder}' has {latents.Count} images; entry i must be the snippet of "
                    + "image i.", parameter);
    }

    private long[] Labels() => latents.HasLabels ? latents.ReadLabels()
        : throw new ArgumentException($"The network is conditioned on labels, but '{latents.Folder}' holds no '{EncodedTable.Labels}'.");

    private string[] ClassNames(long[] labels)
    {
        string[]? known = options.InitialModel is { ClassNames: { Count: > 0 } names } ? [.. names] : null;
        (long least, long most) = (labels.Min(), labels.Max());
        long limit = known?.Length ?? MostClasses;
        return least >= 0 && most < limit
            ? known ?? [.. Enumerable.Range(0, (int)most + 1).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))]
            : throw new ArgumentException(
                $"The labels of '{latents.Folder}' run from {least} to {most}; they must be from 0 to {limit - 1}.");
    }

    private RowPair Tokens()
    {
        RowPair tokens = Pair(EncodedTable.Tokens) ?? throw new ArgumentException(
            $"The projection loss (Network.ProjectionSize = {_plan.Network.ProjectionSize}) needs patch tokens, but '{latents.Folder}' "
                + $"holds no '{EncodedTable.Tokens}'. "
            + "Take the loss out of Training.Losses.");
        long cells = (long)(latents.Height / _plan.Network.PatchSize) * (latents.Width / _plan.Network.PatchSize);
        return tokens.Plain.RowShape is [long count, long width] && count == cells && width == _plan.Network.ProjectionSize
            && (!Mirror || tokens.CanMirror) ? tokens
            : throw new ArgumentException(
                $"The patch tokens of '{latents.Folder}' are [{string.Join(", ", tokens.Plain.RowShape)}] an "
                    + $"image{(Mirror && !tokens.CanMirror ? ", without those of the mirror images" : "")}; "
                + $"the projection loss needs [{cells}, {_plan.Network.ProjectionSize}].");
    }

    private void CheckLatents()
    {
        if (_plan.Autoencoder is PixelAutoencoder || _plan.Autoencoder.Channels != latents.Channels)
        {
            throw new ArgumentException(
                $"'{latents.Folder}' holds latents of {latents.Channels} channels; set Autoencoder to the one that made them, which "
                    + "turns what the network makes into images"
                + (_plan.Autoencoder is PixelAutoencoder ? "." : $" (that given has {_plan.Autoencoder.Channels} channels)."));
        }

        if (latents.Height % _plan.Network.PatchSize != 0 || latents.Width % _plan.Network.PatchSize != 0)
        {
            string cells = latents.Height == latents.Width ? $"{latents.Height} cells a side" : $"{latents.Width} x {latents.Height} cells";
            throw new ArgumentException(
                $"The latents have {cells}, which is not divisible by Network.PatchSize {_plan.Network.PatchSize}; "
                    + "choose another.");
        }

        ImageSplit.FitBatch(latents.Count, options.Training);

        bool lacksDeviations = latents.Rows.Find(EncodedTable.Deviations) is not null
            && latents.Rows.Find(EncodedTable.Mirrored(EncodedTable.Deviations)) is null;
        if (Mirror && (!latents.HasMirrorImages || lacksDeviations))
        {
            throw new ArgumentException(
                $"HorizontalFlip needs the mirror images, but '{latents.Folder}' holds no "
                    + $"'{EncodedTable.Mirrored(EncodedTable.Latents)}'; set HorizontalFlip = false.");
        }
    }
}
