namespace GMem.MLNet.Tests;

public class GenerationOptionsTests
{
    [Fact]
    public void Validate_WithSeveralFaults_NamesThemAll()
    {
        GenerationOptions options = new()
        {
            BatchSize = 0,
            OutputSeedColumnName = "GeneratedImage",
            SnippetColumnName = "Seed",
            MemoryIndexColumnName = ""
        };

        Assert.Equal(
            "GenerationOptions: the output columns need different names and are 'GeneratedImage', 'MemoryIndex', 'GeneratedImage', "
                + "'MemoryLabel', 'MemoryCosine', 'MemoryId'; the name of a prompt column is empty (null switches a prompt off); "
            + "the prompt columns need different names and are 'Seed', '', 'Seed', 'PromptLabel', 'PromptImage', 'PromptValues', "
                + "'Strength', 'PromptMask', 'NoiseImage'; BatchSize is 0 and must be from 1 to 65536.",
            Assert.Throws<ArgumentException>(options.Validate).Message);
    }

    [Fact]
    public void Validate_Defaults_Pass() => new GenerationOptions().Validate();

    [Fact]
    public void Validate_AllPromptsSwitchedOff_Passes() =>
        new GenerationOptions
        {
            SeedColumnName = null,
            MemoryIndexColumnName = null,
            SnippetColumnName = null,
            LabelColumnName = null,
            ImageColumnName = null
        }.Validate();
}
