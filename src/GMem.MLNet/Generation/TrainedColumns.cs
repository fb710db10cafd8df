namespace GMem.MLNet.Generation;

/// <summary>
/// The columns that a model was trained on with snippets of the user's own, as they are called in the rows of its pipeline: the pipeline
/// makes snippets of pictures upstream, for prompts as for training images.
/// </summary>
/// <param name="Image">The column of training images.</param>
/// <param name="Snippet">The column of snippets.</param>
internal sealed record TrainedColumns(string Image, string Snippet)
{
    /// <summary>Null for a model whose snippets an encoder makes.</summary>
    public static TrainedColumns? Of(GMemTrainer.Options options) =>
        options.SnippetColumnName is { } snippet ? new TrainedColumns(options.ImageColumnName, snippet) : null;
}
