using GMem.Parts;

namespace GMem.Backbone;

/// <summary>
/// A class label: an integer an image, which selects a learned vector (the conditional SiT, arXiv 2401.08740). The null condition is one
/// more vector, trained by dropping labels.
/// </summary>
public sealed class LabelCondition : Condition
{
    internal static readonly PartKind SavedKind = new("label");
    private readonly Lazy<Dictionary<string, long>> _numbers;

    /// <summary>Creates the condition; its classes are set by training.</summary>
    public LabelCondition() => _numbers = new(NumberClasses);

    /// <summary>Number of classes, at least 1. Training sets it from the data. Default 1000.</summary>
    public int ClassCount { get; init; } = 1000;

    /// <summary>
    /// The classes' names in the order of their numbers; null names them by their numbers. Training sets it from the data. Default null.
    /// </summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>
    /// Probability with which a label is replaced by the null label in training, in [0, 1]. At 0 there is no null label and no guidance.
    /// Default 0.1.
    /// </summary>
    public double Dropout { get; init; } = 0.1;

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <inheritdoc/>
    public override string ModuleName => "y_embedder";

    private bool HasNullLabel => Dropout > 0;

    /// <summary>The name of a class.</summary>
    /// <param name="number">Its number, from 0.</param>
    /// <returns>The name.</returns>
    public string NameOf(int number) => ClassNames?[number] ?? number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override PartConfiguration SaveConfiguration() =>
        PartConfiguration.From(new Configuration { ClassCount = ClassCount, ClassNames = ClassNames, Dropout = Dropout });

    /// <inheritdoc/>
    public override IEnumerable<string> Faults()
    {
        if (ClassCount < 1)
        {
            yield return $"the label's {nameof(ClassCount)} is {ClassCount}, expected at least 1";
        }

        if (ClassNames is { } names && (
            names.Count != ClassCount || names.Any(string.IsNullOrEmpty) || names.Distinct(StringComparer.Ordinal).Count() != names.Count))
        {
            yield return $"the label's {nameof(ClassNames)} are {names.Count}, expected {ClassCount} different names";
        }

        if (Dropout is not (>= 0 and <= 1))
        {
            yield return FormattableString.Invariant($"the label's {nameof(Dropout)} is {Dropout}, expected a probability in [0, 1]");
        }
    }

    /// <inheritdoc/>
    public override torch.nn.Module<torch.Tensor, torch.Tensor> CreateEmbedder(
        int hiddenSize, torch.Device device, torch.ScalarType dtype) =>
        new Embedder(ClassCount + (HasNullLabel ? 1 : 0), hiddenSize, device, dtype);

    /// <inheritdoc/>
    public override void Check(torch.Tensor values, long batch, torch.ScalarType dtype)
    {
        SiTInput.CheckShape(values, [batch], "The labels (one for each image)", "condition");
        SiTInput.CheckType(values, torch.ScalarType.Int64, "condition");

        // Reading labels back from a GPU would wait for it; in training they come from this class, which has checked them.
        long last = ClassCount - (HasNullLabel ? 0 : 1);
        foreach (long label in values.device_type == DeviceType.CPU ? values.data<long>().ToArray() : [])
        {
            if (label < 0 || label > last)
            {
                throw new ArgumentOutOfRangeException(
                    "condition", label, $"A label is outside 0 to {last}{(HasNullLabel ? " (the last is the null label)" : "")}.");
            }
        }
    }

    /// <inheritdoc/>
    public override torch.Tensor NullValues(long batch, torch.Device device, torch.ScalarType dtype) => HasNullLabel
        ? TensorNumbers.Full([batch], ClassCount, torch.int64, device)
        : throw new InvalidOperationException(
            "This network has no null label, because it was trained without label dropout; guidance needs one that was trained with it.");

    /// <inheritdoc/>
    public override torch.Tensor Drop(torch.Tensor values, torch.Generator generator) =>
        ConditionDropout.DropLabels(values, ClassCount, Dropout, generator);

    /// <inheritdoc/>
    public override Condition Complete(ConditionData data, Condition? initial)
    {
        if (data.Labels is not { } labels)
        {
            throw new ArgumentException(
                "The network is conditioned on labels, but the training data have none. Give each image a label, or condition on "
                    + "snippets alone.");
        }

        int missing = labels.TakeWhile(l => !string.IsNullOrEmpty(l)).Count();
        if (missing < labels.Count)
        {
            throw new ArgumentException($"The network is conditioned on labels, but image {missing} (counted from 0) has none.");
        }

        string[] names = [.. data.ClassNames ?? [.. labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]];
        if (initial is LabelCondition known)
        {
            string[] unknown = [.. (data.ClassNames is null ? names : labels.Distinct(StringComparer.Ordinal)).Where(
                n => known.NumberOf(n) is null)];
            return unknown.Length == 0
                ? known
                : throw new ArgumentException(
                    $"The initial model does not know the label{(unknown.Length == 1 ? "" : "s")} {Listed(unknown)}; its classes are "
                        + $"{Listed(known.Names())}.");
        }

        return new LabelCondition { ClassCount = names.Length, ClassNames = names, Dropout = Dropout };
    }

    /// <inheritdoc/>
    public override torch.Tensor TrainingValues(ConditionData data, long[] indices, bool[] mirrored)
    {
        return torch.tensor(Array.ConvertAll(indices, i => NumberOf(data.Labels![(int)i])!.Value));
    }

    /// <inheritdoc/>
    /// <remarks>Without a label the seed chooses a class, unless the image has a snippet: then it is made under the null label.</remarks>
    public override ConditionPrompt Resolve(ConditionPrompt prompt)
    {
        if (!string.IsNullOrEmpty(prompt.Label))
        {
            return NumberOf(prompt.Label) is not null
                ? prompt
                : throw new ArgumentException($"The model does not know the class '{prompt.Label}'; it knows {Listed(Names())}.");
        }

        return !prompt.Snippet.IsEmpty
            ? HasNullLabel
                ? prompt
                : throw new ArgumentException(
                    "The model needs a label for this image: it was trained without label dropout, so there is no null label.")
            : prompt with { Label = NameOf(Math.Min((int)(prompt.Uniform * ClassCount), ClassCount - 1)) };
    }

    /// <inheritdoc/>
    public override torch.Tensor Values(IReadOnlyList<ConditionPrompt> prompts) =>
        torch.tensor([.. prompts.Select(p => string.IsNullOrEmpty(p.Label) ? ClassCount : NumberOf(p.Label)!.Value)]);

    internal static LabelCondition Load(SavedPart saved)
    {
        Configuration c = saved.Configuration.Read<Configuration>();
        return new LabelCondition { ClassCount = c.ClassCount, ClassNames = c.ClassNames, Dropout = c.Dropout };
    }

    /// <summary>The classes' names in the order of their numbers.</summary>
    internal IEnumerable<string> Names() => ClassNames ?? Enumerable.Range(0, ClassCount).Select(NameOf);

    /// <summary>A class's number, by its name or another spelling of the same characters; null for a name that is not known.</summary>
    private long? NumberOf(string name) =>
        _numbers.Value.TryGetValue(name, out long number) || _numbers.Value.TryGetValue(NormalForm.Of(name), out number) ? number : null;

    private static string Listed(IEnumerable<string> names)
    {
        string[] first = [.. names.Take(11)];
        return string.Join(", ", first.Take(10).Select(n => $"'{n}'")) + (first.Length > 10 ? ", ..." : "");
    }

    private Dictionary<string, long> NumberClasses()
    {
        Dictionary<string, long> numbers = new(StringComparer.Ordinal);
        foreach (string name in Names())
        {
            numbers.Add(name, numbers.Count);
        }

        foreach ((string name, long number) in numbers.ToArray())
        {
            _ = numbers.TryAdd(NormalForm.Of(name), number);
        }

        return numbers;
    }

    private sealed class Configuration
    {
        public required int ClassCount { get; init; }

        public required IReadOnlyList<string>? ClassNames { get; init; }

        public required double Dropout { get; init; }
    }

    /// <summary>
    /// One vector for each class and, where labels are dropped in training, one for the null label; under the official name.
    /// </summary>
    private sealed class Embedder : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        public readonly Table embedding_table;

        public Embedder(long rows, long hidden, torch.Device device, torch.ScalarType dtype)
            : base(nameof(Embedder))
        {
            embedding_table = new Table(rows, hidden, device, dtype);
            RegisterComponents();
        }

        public override torch.Tensor forward(torch.Tensor labels) => embedding_table.weight.index_select(0, labels);
    }

    private sealed class Table : torch.nn.Module
    {
        public readonly Parameter weight;

        public Table(long rows, long hidden, torch.Device device, torch.ScalarType dtype)
            : base(nameof(Table))
        {
            weight = Linear.Unset([rows, hidden], device, dtype);
            RegisterComponents();
        }
    }
}
