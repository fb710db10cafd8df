using Microsoft.ML.Transforms.Image;

namespace GMem.MLNet.Featurization;

/// <summary>The columns of a featurizer.</summary>
/// <param name="Image">The one that it reads, of <c>MLImage</c>.</param>
/// <param name="Features">The one that it makes, a vector of Single.</param>
internal sealed record FeaturizerColumns(string Image, string Features)
{
    /// <summary>What a featurizer is given: one column of images of any size.</summary>
    public DataViewSchema InputSchema()
    {
        DataViewSchema.Builder builder = new();
        builder.AddColumn(Image, new ImageDataViewType());
        return builder.ToSchema();
    }

    /// <summary>What a getter of another type than images is answered.</summary>
    public static InvalidOperationException NoImage(DataViewSchema.Column column, Type asked) =>
        new($"Column '{column.Name}' is an image, not a {asked.Name}.");

    /// <exception cref="ArgumentException">There is no such column, or it is no vector of Single of known size.</exception>
    public DataViewSchema.Column FeaturesOf(DataViewSchema output) =>
        output.GetColumnOrNull(Features) is not { } column
            ? throw new ArgumentException(
                $"The featurizer makes no column '{Features}'; it has '{string.Join("', '", output.Select(c => c.Name))}'. Name the one "
                    + $"with {nameof(GMemTrainer.Options.FeaturizerOutputColumnName)}.")
            : column.Type is VectorDataViewType { Size: > 0, ItemType: NumberDataViewType item } && item.RawType == typeof(float)
                ? column
                : throw new ArgumentException(
                    $"The featurizer's column '{Features}' is {column.Type}; expected a vector of Single of known size.");
}
