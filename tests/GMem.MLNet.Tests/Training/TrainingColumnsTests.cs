using GMem.MLNet.Persistence;
using GMem.MLNet.Tests.Fakes;
using GMem.MLNet.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace GMem.MLNet.Tests.Training;

public class TrainingColumnsTests
{
    [Theory]
    [InlineData("Path", null)]
    [InlineData("Image", "Features")]
    [InlineData("Bytes", null)]
    [InlineData("FixedBytes", null)]
    public void Check_UsableColumns_Pass(string image, string? snippet)
    {
        TrainingColumns columns = new(Schema, new GMemTrainer.Options { ImageColumnName = image, SnippetColumnName = snippet });

        Assert.Equal(image, columns.Image.Name);
        Assert.Equal(snippet, columns.Snippet?.Name);
        Assert.Equal(snippet is null ? 0 : 3, (columns.Snippet?.Type as VectorDataViewType)?.Size ?? 0);
    }

    [Theory]
    [InlineData("Nowhere", null, "The image column 'Nowhere' is not in the input, which has: 'Path', 'Image', 'Bytes', 'FixedBytes', "
        + "'Features', 'Ragged', 'Number'. Name the column with ImageColumnName.")]
    [InlineData("Number", null, "The image column 'Number' is Single; expected String (the path of a file), Image, or a vector of Byte "
        + "(an encoded file).")]
    [InlineData("Features", null, "The image column 'Features' is Vector<Single>; expected String (the path of a file), Image, or a "
        + "vector of Byte (an encoded file).")]
    [InlineData("Path", "Nowhere", "The snippet column 'Nowhere' is not in the input, which has: 'Path', 'Image', 'Bytes', "
        + "'FixedBytes', 'Features', 'Ragged', 'Number'. Name the column with SnippetColumnName.")]
    [InlineData("Path", "Ragged", "The snippet column 'Ragged' is VarVector<Single>; expected a vector of Single of known size.")]
    [InlineData("Path", "Bytes", "The snippet column 'Bytes' is VarVector<Byte>; expected a vector of Single of known size.")]
    public void Check_OtherColumns_AreRefusedByRoleNameAndType(string image, string? snippet, string message)
    {
        GMemTrainer.Options options = new() { ImageColumnName = image, SnippetColumnName = snippet };

        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new TrainingColumns(Schema, options)).Message);
        GMemTrainer trainer = Views.MLContext.ImageGeneration.Trainers.GMem(options);
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => trainer.Fit(Views.Of<Row>())).Message);
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => trainer.GetOutputSchema(SchemaShapes.Of(Schema))).Message);
    }

    [Fact]
    public void Check_TheDefaultLabelColumn_MayBeAbsent()
    {
        Assert.Null(new TrainingColumns(Schema, new GMemTrainer.Options { ImageColumnName = "Path" }).Label);
        Assert.Null(new TrainingColumns(Schema, new GMemTrainer.Options { ImageColumnName = "Path", LabelColumnName = null }).Label);
        Assert.Equal("Path", new TrainingColumns(Schema,
            new GMemTrainer.Options { ImageColumnName = "Path", LabelColumnName = "Path" }).Label?.Name);
    }

    [Theory]
    [InlineData("Class", "The label column 'Class' is not in the input, which has: 'Path', 'Image', 'Bytes', 'FixedBytes', 'Features', "
        + "'Ragged', 'Number'. Name the column with LabelColumnName.")]
    [InlineData("Number", "The label column 'Number' is Single; expected String or a key. Convert it, or set LabelColumnName to null "
        + "for no labels.")]
    public void Check_ALabelColumnThatIsNone_IsRefused(string label, string message)
    {
        GMemTrainer.Options options = new() { ImageColumnName = "Path", LabelColumnName = label };

        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new TrainingColumns(Schema, options)).Message);
    }

    private static DataViewSchema Schema => Views.Of<Row>().Schema;

    private sealed class Row
    {
        public string Path { get; set; } = "";

        [ImageType(4, 4)]
        public MLImage? Image { get; set; }

        public byte[] Bytes { get; set; } = [];

        [VectorType(4)]
        public byte[] FixedBytes { get; set; } = [];

        [VectorType(3)]
        public float[] Features { get; set; } = [];

        public float[] Ragged { get; set; } = [];

        public float Number { get; set; }
    }
}
