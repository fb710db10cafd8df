using GMem.Backbone;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Tests;

/// <summary>A column of numbers as a condition, in training and in prompts.</summary>
public sealed class ValuesTests
{
    private static readonly PromptRow[] Prompts =
        [new() { Seed = 4, PromptValues = [-3, 0.1f] }, new() { Seed = 4, PromptValues = [3, 0.1f] }, new() { Seed = 4 }];

    [Fact]
    public void Fit_ColumnMadeByConcatenate_IsConditionedOnAndSavedWithItsNames()
    {
        IDataView rows = Views.Of([.. TinyTrainer.Rows.Select((row, i) => new Row { Bytes = row.Bytes, Tilt = i - 12, Heat = i % 2 })]);
        IDataView images = Views.MLContext.Transforms.Concatenate("Values", "Tilt", "Heat").Fit(rows).Transform(rows);
        GMemTrainer.Options options = TinyTrainer.Options();
        options.ValuesColumnName = "Values";
        options.Training.TotalSteps = 20;
        options.Training.LearningRate = 0.01;
        using GMemTransformer model = Views.MLContext.ImageGeneration.Trainers.GMem(options).Fit(images);

        ValuesCondition condition = Assert.IsType<ValuesCondition>(model.Model.Network.Conditions[^1]);
        Assert.Equal(["Tilt", "Heat"], condition.Names);
        Assert.Equal([-0.5, 0.5], condition.Mean);
        Assert.Single(TinyTrainer.Options().Network.Conditions);

        List<byte[]> made = model.Transform(Views.Of(Prompts)).Pixels();
        Assert.Equal(3, made.Select(Convert.ToHexString).Distinct().Count());
        using TemporaryFolder folder = new();
        string path = folder.File("model.zip");
        Views.MLContext.Model.Save(model, images.Schema, path);
        using GMemTransformer loaded = (GMemTransformer)Views.MLContext.Model.Load(path, out _);
        Assert.Equal(made, loaded.Transform(Views.Of(Prompts)).Pixels());
        Assert.Equal(made[1], loaded.Transform(Views.Of(Prompts[1])).Pixels()[0]);

        Assert.StartsWith(
            "Row 1 (counted from 0): The request has 1 values, but the model takes 2 ('Tilt', 'Heat').",
            Assert.Throws<InvalidDataException>(
                () => model.Transform(Views.Of(Prompts[0], new PromptRow { PromptValues = [1] })).Pixels()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_ColumnThatCannotBeValues_IsRefused()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.ValuesColumnName = "Number";
        Assert.StartsWith("The values column 'Number' is Int64; expected a vector of Single of known size.", Refused(options).Message,
            StringComparison.Ordinal);
        options.ValuesColumnName = "Nowhere";
        Assert.Contains("Name the column with ValuesColumnName.", Refused(options).Message, StringComparison.Ordinal);
        options.ValuesColumnName = "Features";
        options.InitialModel = TinyTrainer.Model.Model;
        Assert.Contains("ValuesColumnName is 'Features', but InitialModel was not trained with values.", Refused(options).Message,
            StringComparison.Ordinal);

        static ArgumentException Refused(GMemTrainer.Options options) =>
            Assert.Throws<ArgumentException>(() => TinyTrainer.Fit(options: options));
    }

    [Fact]
    public void Fit_ValueThatIsNoNumber_IsRefusedByItsRow()
    {
        IDataView images = Views.Of([.. TinyTrainer.Rows.Select((row, i) => new TrainingRow
        {
            Bytes = row.Bytes,
            Features = [0, 0, i == 5 ? float.NaN : 0],
        })]);
        GMemTrainer.Options options = TinyTrainer.Options();
        options.ValuesColumnName = "Features";
        Assert.Equal(
            "Row 5 (counted from 0): the vector of values in column 'Features' has an entry that is not a finite number.",
            Assert.Throws<InvalidDataException>(() => Views.MLContext.ImageGeneration.Trainers.GMem(options).Fit(images)).Message);
    }

    private sealed class Row
    {
        public byte[] Bytes { get; set; } = [];

        public float Tilt { get; set; }

        public float Heat { get; set; }
    }
}
