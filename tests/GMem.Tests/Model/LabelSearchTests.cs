namespace GMem.Tests.Model;

public sealed class LabelSearchTests
{
    private static readonly string[] Labels = ["C", "C++", "caf\u00E9", "cat", "cat food", "golden_retriever", "n01440764"];

    [Theory]
    [InlineData("cat", "cat")]
    [InlineData("A CAT, please.", "cat")]
    [InlineData("cat food for the dog", "cat food")]
    [InlineData("cat   \n food", "cat food")]
    [InlineData("a Golden Retriever", "golden_retriever")]
    [InlineData("golden_retriever.jpg", "golden_retriever")]
    [InlineData("cafe\u0301 at night", "caf\u00E9")]
    [InlineData("a book on C++!", "C++")]
    [InlineData("vitamin c", "C")]
    [InlineData("cat and cat", "cat")]
    [InlineData("N01440764", "n01440764")]
    public void Find_TextNamingOneLabel_GivesIt(string text, string label) => Assert.Equal(label, LabelSearch.Find(text, Labels));

    [Theory]
    [InlineData("category")]
    [InlineData("bobcat")]
    [InlineData("cat2")]
    [InlineData("cafe")]
    [InlineData("cat\u0301")]
    [InlineData("")]
    public void Find_LabelInsideAnotherWord_IsNotFound(string text)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => LabelSearch.Find(text, Labels));
        Assert.Contains($"The prompt '{text}' names no label; the model knows 'C', 'C++', ", error.Message);
    }

    [Fact]
    public void Find_SeveralLabels_NamesThem()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => LabelSearch.Find("a cat beside cat food", Labels));
        Assert.StartsWith("The prompt 'a cat beside cat food' names several labels: 'cat', 'cat food'. Name one; ", error.Message);
    }

    [Fact]
    public void Find_LabelsThatDifferInCase_AreFoundAsTheyStand()
    {
        Assert.Equal("Cat", LabelSearch.Find("Cat", ["Cat", "cat"]));
        Assert.Contains("several labels", Assert.Throws<ArgumentException>(() => LabelSearch.Find("a cat", ["Cat", "cat"])).Message);
    }

    [Fact]
    public void Find_LongText_IsRefused()
    {
        Assert.Equal("cat", LabelSearch.Find("cat".PadRight(10_000), Labels));
        Assert.Contains("has 10001 characters", Assert.Throws<ArgumentException>(
            () => LabelSearch.Find("cat".PadRight(10_001), Labels)).Message);
    }

    [Fact]
    public void Find_NoLabels_SaysSo() =>
        Assert.Contains("the model has no labels", Assert.Throws<ArgumentException>(() => LabelSearch.Find("a cat", [])).Message);
}
