namespace GMem.MLNet;

/// <summary>
/// Which columns a <see cref="GMemTransformer"/> reads its prompts from, which it writes, and how many rows it makes at once.
/// </summary>
/// <remarks>
/// Prompt columns are found by name and may all be absent. A name of null means: do not read that prompt, even if there is such a column.
/// In a row, a memory index of -1, an empty snippet, an empty label (or a missing key) and an empty or null image mean that the row does
/// not give one; a row that gives more than one of these four is an error. With none, the seed picks the memory entry; with a label, among
/// that label's entries. Without a seed column, row i of the view has the seed of the trainer plus i. An output column hides an input
/// column of the same name, as everywhere in ML.NET: by default <c>Seed</c> and <c>MemoryIndex</c> are read as prompts and written as what
/// each image was really made from. Give the output another name to keep both.
/// In a row that has a strength or a mask, the image is the picture to start from: its own snippet is taken unless the row also gives a
/// memory index, a snippet or a label.
/// </remarks>
public sealed record GenerationOptions
{
    /// <summary>Prompt: fixes the noise, and the memory entry where none is given. Any integer type. Default <c>Seed</c>.</summary>
    public string? SeedColumnName { get; init; } = "Seed";

    /// <summary>Prompt: an entry of the memory bank from 0, or -1. Any integer type. Default <c>MemoryIndex</c>.</summary>
    public string? MemoryIndexColumnName { get; init; } = "MemoryIndex";

    /// <summary>
    /// Prompt: a snippet of the bank's dimension (it need not be of unit length), or an empty vector. A vector of <see cref="float"/>.
    /// Default <c>Snippet</c>.
    /// </summary>
    public string? SnippetColumnName { get; init; } = "Snippet";

    /// <summary>
    /// Prompt: a label of the memory bank, among whose entries the seed picks, or empty. Text, or a key with text values. A label that the
    /// bank does not have is an error which lists those it has. Default <c>PromptLabel</c>.
    /// </summary>
    public string? LabelColumnName { get; init; } = "PromptLabel";

    /// <summary>
    /// Prompt: an image to make a snippet of with the model's own encoder, as training did with its images; it need not be one of them. An
    /// <c>MLImage</c>, a path (text) or the bytes of an encoded file (a vector of <see cref="byte"/>); null or empty for none. Default
    /// <c>PromptImage</c>.
    /// </summary>
    public string? ImageColumnName { get; init; } = "PromptImage";

    /// <summary>
    /// Prompt: values for a model that was trained with a column of them (<see cref="GMemTrainer.Options.ValuesColumnName"/>), one number a
    /// component, or an empty vector: the memory alone then says what the image is like. A vector of <see cref="float"/>. Default
    /// <c>PromptValues</c>.
    /// </summary>
    public string? ValuesColumnName { get; init; } = "PromptValues";

    /// <summary>
    /// Prompt: how much of the row's image is made anew, from 0 (the picture itself) to 1 (from noise alone), or NaN for none
    /// (<see cref="GenerationRequest.Strength"/>). <see cref="float"/> or <see cref="double"/>. Default <c>Strength</c>.
    /// </summary>
    public string? StrengthColumnName { get; init; } = "Strength";

    /// <summary>
    /// Prompt: where the row's image is painted anew, an image of its size: white is painted, black is kept to the byte
    /// (<see cref="GenerationRequest.PromptMask"/>). Of the types of <see cref="ImageColumnName"/>; null or empty for none. Default
    /// <c>PromptMask</c>.
    /// </summary>
    public string? MaskColumnName { get; init; } = "PromptMask";

    /// <summary>
    /// Prompt: a picture whose noise the image is made of instead of the seed's, found by <see cref="GMemModel.Invert"/> under its own
    /// snippet: with another memory it becomes that picture in another style. Of the types of <see cref="ImageColumnName"/>; null or
    /// empty for none. Default <c>NoiseImage</c>.
    /// </summary>
    public string? NoiseImageColumnName { get; init; } = "NoiseImage";

    /// <summary>Output: the image, an <c>MLImage</c>. Default <c>GeneratedImage</c>.</summary>
    public string OutputImageColumnName { get; init; } = "GeneratedImage";

    /// <summary>
    /// Output: the memory entry that the image was made from, <see cref="long"/>; -1 where the row gave a snippet or an image. Default
    /// <c>MemoryIndex</c>.
    /// </summary>
    public string OutputMemoryIndexColumnName { get; init; } = "MemoryIndex";

    /// <summary>Output: the seed that the image was made from, <see cref="long"/>. Default <c>Seed</c>.</summary>
    public string OutputSeedColumnName { get; init; } = "Seed";

    /// <summary>
    /// Output: the label of the memory entry that the image was made from, text; empty where it has none or the row gave a snippet or an
    /// image. Default <c>MemoryLabel</c>.
    /// </summary>
    public string OutputLabelColumnName { get; init; } = "MemoryLabel";

    /// <summary>
    /// Output: the cosine of the snippet that was used to the memory entry nearest to it, <see cref="float"/>, -1 to 1: 1 where it is an
    /// entry's, and for a snippet or an image of one's own a measure of how near it is to what the model has seen. Searched for only if the
    /// column is read. Default <c>MemoryCosine</c>.
    /// </summary>
    public string OutputCosineColumnName { get; init; } = "MemoryCosine";

    /// <summary>
    /// Output: the stable id of the memory entry that the image was made from, <see cref="long"/>: the one to edit the memory by, since
    /// positions move when entries are removed. -1 where the row gave a snippet or an image. Default <c>MemoryId</c>.
    /// </summary>
    public string OutputMemoryIdColumnName { get; init; } = "MemoryId";

    /// <summary>
    /// Rows that a cursor reads ahead and generates at once. It changes speed and memory, never an image. From 1 to 65,536. Default 16.
    /// </summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are not valid; the message names every one.</exception>
    public void Validate()
    {
        List<string> faults = [];
        string[] outputs = [OutputImageColumnName, OutputMemoryIndexColumnName, OutputSeedColumnName, OutputLabelColumnName,
            OutputCosineColumnName, OutputMemoryIdColumnName];
        if (outputs.Any(string.IsNullOrEmpty))
        {
            faults.Add("an output column has no name");
        }
        else if (outputs.Distinct(StringComparer.Ordinal).Count() < outputs.Length)
        {
            faults.Add($"the output columns need different names and are '{string.Join("', '", outputs)}'");
        }

        string[] prompts = [.. new[] { SeedColumnName, MemoryIndexColumnName, SnippetColumnName, LabelColumnName,
            ImageColumnName, ValuesColumnName, StrengthColumnName, MaskColumnName, NoiseImageColumnName }.OfType<string>()];
        if (prompts.Contains(string.Empty))
        {
            faults.Add("the name of a prompt column is empty (null switches a prompt off)");
        }

        if (prompts.Distinct(StringComparer.Ordinal).Count() < prompts.Length)
        {
            faults.Add($"the prompt columns need different names and are '{string.Join("', '", prompts)}'");
        }

        if (BatchSize is < 1 or > 65536)
        {
            faults.Add($"{nameof(BatchSize)} is {BatchSize} and must be from 1 to 65536");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"{nameof(GenerationOptions)}: {string.Join("; ", faults)}.");
        }
    }
}
