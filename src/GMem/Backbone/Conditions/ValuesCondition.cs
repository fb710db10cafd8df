using GMem.Parts;

namespace GMem.Backbone;

/// <summary>
/// Numbers for each image, such as an age, an angle or a temperature: standardised by the mean and the standard deviation of the training
/// images, and embedded by two linear layers with SiLU between them. An image may also be made without them, under the null value.
/// </summary>
/// <remarks>
/// Training takes the values from <see cref="ConditionData.Values"/> and generation from <see cref="ConditionPrompt.Values"/>, both by the
/// name <see cref="Name"/>. All components of an image are told together or none: what is embedded is <c>[B, D + 1]</c>, the standardised
/// values and a 1, or zeros for the null value.
/// </remarks>
public sealed class ValuesCondition : Condition
{
    /// <summary>The name under which training images and requests have the values: "values".</summary>
    public const string Name = "values";

    /// <summary>Beyond any training value, whatever the data; a network overflows far out.</summary>
    private const double MostDeviations = 1e6;

    internal static readonly PartKind SavedKind = new(Name);

    /// <summary>Components D of an image's values, at least 1. Training sets it from the data. Default 1.</summary>
    public int Size { get; init; } = 1;

    /// <summary>What the components are called, D different names; null numbers them from 0. Default null.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>
    /// Probability with which an image's values are hidden in training, in [0, 1). At 0 there is no null value: every request must have
    /// values, and there is no guidance. Default 0.1.
    /// </summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Mean of each component over the training images, which training sets; null takes 0. Default null.</summary>
    public IReadOnlyList<double>? Mean { get; init; }

    /// <summary>
    /// Standard deviation of each component over the training images, above 0, which training sets (to 1 for a component that does not
    /// vary); null takes 1. Default null.
    /// </summary>
    public IReadOnlyList<double>? Deviation { get; init; }

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <inheritdoc/>
    public override string ModuleName => "values_embedder";

    private bool HasNullValue => Dropout > 0;

    /// <summary>Values as <see cref="GenerationRequest.Values"/> takes them.</summary>
    /// <param name="values">One number a component, in the units of the training data.</param>
    /// <returns>A dictionary with the entry <see cref="Name"/>.</returns>
    public static IReadOnlyDictionary<string, ReadOnlyMemory<float>> Of(params IReadOnlyList<float> values) =>
        new Dictionary<string, ReadOnlyMemory<float>> { [Name] = values.ToArray() };

    /// <inheritdoc/>
    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(
        new Configuration { Size = Size, Names = Names, Dropout = Dropout, Mean = Mean, Deviation = Deviation });

    /// <inheritdoc/>
    public override IEnumerable<string> Faults()
    {
        if (Size < 1)
        {
            yield return $"the values' {nameof(Size)} is {Size}, expected at least 1";
        }

        if (Names is { } names && (names.Count != Size || names.Any(string.IsNullOrEmpty) || names.Distinct().Count() != names.Count))
        {
            yield return $"the values' {nameof(Names)} are '{string.Join("', '", names)}', expected {Size} different names";
        }

        if (Dropout is not (>= 0 and < 1))
        {
            yield return FormattableString.Invariant($"the values' {nameof(Dropout)} is {Dropout}, expected a probability in [0, 1)");
        }

        if ((Mean is { } mean && (mean.Count != Size || !mean.All(double.IsFinite)))
            || (Deviation is { } deviation && (deviation.Count != Size || !deviation.All(d => d > 0 && double.IsFinite(d)))))
        {
            yield return $"the values' {nameof(Mean)} or {nameof(Deviation)} is not {Size} finite numbers, or a deviation is not above 0";
        }
    }

    /// <inheritdoc/>
    public override torch.nn.Module<torch.Tensor, torch.Tensor> CreateEmbedder(
        int hiddenSize, torch.Device device, torch.ScalarType dtype) =>
        new Embedder(Size + 1, hiddenSize, device, dtype);

    /// <inheritdoc/>
    public override void Check(torch.Tensor values, long batch, torch.ScalarType dtype)
    {
        SiTInput.CheckShape(values, [batch, Size + 1], "The standardised values and a 1 (one row for each image)", "condition");
        SiTInput.CheckType(values, dtype, "condition");
    }

    /// <inheritdoc/>
    public override torch.Tensor NullValues(long batch, torch.Device device, torch.ScalarType dtype) => HasNullValue
        ? torch.zeros(batch, Size + 1, dtype: dtype, device: device)
        : throw new InvalidOperationException(
            "This network has no null value, because it was trained without dropout of values; guidance needs one that was trained with "
                + "it.");

    /// <inheritdoc/>
    public override torch.Tensor Drop(torch.Tensor values, torch.Generator generator)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor keep = ConditionDropout.KeepMask([values.shape[0], 1], Dropout, generator).to(values.dtype, values.device);
        return (values * keep).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <remarks>An initial model's mean and deviation stay: its network was trained with them.</remarks>
    public override Condition Complete(ConditionData data, Condition? initial)
    {
        if (!data.Values.TryGetValue(Name, out torch.Tensor? values))
        {
            throw new ArgumentException(
                "The network is conditioned on values, but the training data have none. Give each image its values, or leave out the "
                    + "ValuesCondition.");
        }

        if (values.dtype != torch.float32 || values.dim() != 2 || values.shape[1] < 1)
        {
            throw new ArgumentException(
                $"Values must be float32 [N, D], one row an image; these are {values.dtype} [{string.Join(", ", values.shape)}].");
        }

        float[] all = values.data<float>().ToArray();
        int size = (int)values.shape[1];
        if (Array.FindIndex(all, v => !float.IsFinite(v)) is >= 0 and int bad)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"The values of image {bad / size} (counted from 0) are not valid: {NameOf(bad % size)} is {all[bad]}. Leave the image "
                    + $"out."));
        }

        if (initial is ValuesCondition known)
        {
            return known.Size == size ? known.With(Names ?? known.Names, Dropout) : throw new ArgumentException(
                $"The initial model takes {known.Size} values an image, but the training data have {size}.");
        }

        double[] mean = [.. Enumerable.Range(0, size).Select(c => Component(all, size, c).Average())];
        ValuesCondition complete = new()
        {
            Size = size,
            Names = Names,
            Dropout = Dropout,
            Mean = mean,
            Deviation = [.. mean.Select((m, c) => DeviationOf(Component(all, size, c), m))],
        };
        return complete.Faults().FirstOrDefault() is { } fault ? throw new ArgumentException($"The condition is not valid: {fault}.")
            : complete;
    }

    /// <summary>The same condition with other names and dropout.</summary>
    /// <param name="names">See <see cref="Names"/>.</param>
    /// <param name="dropout">See <see cref="Dropout"/>.</param>
    /// <returns>A new condition.</returns>
    public ValuesCondition With(IReadOnlyList<string>? names, double dropout) =>
        new() { Size = Size, Names = names, Dropout = dropout, Mean = Mean, Deviation = Deviation };

    /// <inheritdoc/>
    public override torch.Tensor TrainingValues(ConditionData data, long[] indices, bool[] mirrored)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float[] rows = data.Values[Name].index_select(0, torch.tensor(indices)).data<float>().ToArray();
        return Standardised([.. indices.Select((_, i) => (ReadOnlyMemory<float>)rows.AsMemory(i * Size, Size))]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <remarks>Without values the image is made under the null value.</remarks>
    public override ConditionPrompt Resolve(ConditionPrompt prompt)
    {
        if (!prompt.Values.TryGetValue(Name, out ReadOnlyMemory<float> values) || values.IsEmpty)
        {
            return HasNullValue ? prompt : throw new ArgumentException(
                $"The model needs values for this image ({Listed()}): it was trained without dropout of values, so there is no null "
                    + "value.");
        }

        if (values.Length != Size)
        {
            throw new ArgumentException($"The request has {values.Length} values, but the model takes {Size} ({Listed()}).");
        }

        for (int i = 0; i < Size; i++)
        {
            float value = values.Span[i];
            if (!(Math.Abs(Standardised(value, i)) <= MostDeviations))
            {
                throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The value of {NameOf(i)} is {value}, expected a finite number within {MostDeviations:N0} standard deviations of "
                        + $"those that were trained on (mean {Mean?[i] ?? 0:0.####}, standard deviation {Deviation?[i] ?? 1:0.####})."));
            }
        }

        return prompt;
    }

    /// <inheritdoc/>
    public override torch.Tensor Values(IReadOnlyList<ConditionPrompt> prompts) =>
        Standardised([.. prompts.Select(p => p.Values.GetValueOrDefault(Name))]);

    internal static ValuesCondition Load(SavedPart saved)
    {
        Configuration c = saved.Configuration.Read<Configuration>();
        return new ValuesCondition { Size = c.Size, Names = c.Names, Dropout = c.Dropout, Mean = c.Mean, Deviation = c.Deviation };
    }

    private static IEnumerable<double> Component(float[] all, int size, int component)
    {
        for (int i = component; i < all.Length; i += size)
        {
            yield return all[i];
        }
    }

    /// <summary>1 where nothing but rounding varies.</summary>
    private static double DeviationOf(IEnumerable<double> component, double mean)
    {
        double deviation = Math.Sqrt(component.Average(v => (v - mean) * (v - mean)));
        return deviation > 1e-7 * Math.Abs(mean) ? deviation : 1;
    }

    private double Standardised(float value, int component) => (value - (Mean?[component] ?? 0)) / (Deviation?[component] ?? 1);

    /// <summary>Rows of values and a 1; zeros for an empty row.</summary>
    private torch.Tensor Standardised(IReadOnlyList<ReadOnlyMemory<float>> values)
    {
        float[] rows = new float[values.Count * (Size + 1)];
        for (int i = 0; i < values.Count; i++)
        {
            if (!values[i].IsEmpty)
            {
                Span<float> row = rows.AsSpan(i * (Size + 1), Size + 1);
                for (int c = 0; c < Size; c++)
                {
                    row[c] = (float)Standardised(values[i].Span[c], c);
                }

                row[Size] = 1;
            }
        }

        return torch.tensor(rows, [values.Count, Size + 1]);
    }

    private string NameOf(int component) => Names is { } names && component < names.Count
        ? $"'{names[component]}'" : string.Create(CultureInfo.InvariantCulture, $"component {component}");

    private string Listed() => string.Join(", ", Enumerable.Range(0, Size).Select(NameOf));

    private sealed class Configuration
    {
        public required int Size { get; init; }

        public required IReadOnlyList<string>? Names { get; init; }

        public required double Dropout { get; init; }

        public required IReadOnlyList<double>? Mean { get; init; }

        public required IReadOnlyList<double>? Deviation { get; init; }
    }

    private sealed class Embedder : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        public readonly SiluMlp mlp;

        public Embedder(int size, int hiddenSize, torch.Device device, torch.ScalarType dtype)
            : base(nameof(Embedder))
        {
            mlp = new SiluMlp([size, hiddenSize, hiddenSize], device, dtype);
            RegisterComponents();
        }

        public override torch.Tensor forward(torch.Tensor values) => mlp.forward(values);
    }
}
