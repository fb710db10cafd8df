namespace GMem.PipelineTests;

/// <summary>What the page shows is what the tests run, letter by letter.</summary>
public sealed class PipelineDocumentTests
{
    [Fact]
    public void Blocks_OfThePage_AreRegionsOfRecipes()
    {
        IReadOnlyList<string> blocks = PipelineDocument.Blocks(PipelineDocument.Text);

        Assert.True(blocks.Count >= 12, $"only {blocks.Count} blocks");
        Assert.All(blocks, block => Assert.Contains(block, PipelineDocument.Regions.Select(r => r.Code)));
    }

    [Fact]
    public void Regions_OfRecipes_AreOnThePage()
    {
        IReadOnlyList<string> blocks = PipelineDocument.Blocks(PipelineDocument.Text);

        Assert.Equal(PipelineDocument.Regions.Count, PipelineDocument.Regions.Select(r => r.Name).Distinct().Count());
        Assert.All(PipelineDocument.Regions, region => Assert.Contains(region.Code, blocks));
    }

    /// <summary>The rule must be able to fail: one letter of difference is one.</summary>
    [Fact]
    public void RegionsAndBlocks_OfGivenText_AreFoundAsTheyStand()
    {
        const string Source = """
            class A
            {
                #region one
                int x = 1;
                if (x > 0)
                {
                    x = 2;
                }
                #endregion

                //#region two
                let y = 2
                //#endregion
            }
            """;
        (string Name, string Code)[] regions = [.. PipelineDocument.RegionsOf(Source)];

        Assert.Equal([("one", "int x = 1;\nif (x > 0)\n{\n    x = 2;\n}\n"), ("two", "let y = 2\n")], regions);
        Assert.Equal(
            [regions[0].Code, "int x = 3;\n"],
            PipelineDocument.Blocks($"text\n```csharp\n{regions[0].Code}```\n```text\nno code\n```\n```fsharp\nint x = 3;\n```\n"));
        Assert.DoesNotContain("int x = 3;\n", regions.Select(r => r.Code));
    }
}
