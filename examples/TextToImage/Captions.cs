namespace TextToImage;

/// <summary>
/// Texts that ask for an image of a label, to train a classifier of text on: whoever has captions of their own images uses those.
/// </summary>
public static class Captions
{
    /// <summary>
    /// Texts of each template for each label: all labels have the same ones, so that what a template says beside the label tells nothing.
    /// </summary>
    private const int TextsOfATemplate = 9;

    /// <summary>How many of the texts leave out a word of a label of several.</summary>
    private const double ShareWithLess = 0.4;

    /// <summary>Other words for those of the labels, those of the drawn shapes and of CIFAR-10.</summary>
    private static readonly Dictionary<string, string[]> Synonyms = new(StringComparer.Ordinal)
    {
        ["small"] = ["little", "tiny", "mini"],
        ["large"] = ["big", "huge", "great"],
        ["red"] = ["crimson", "scarlet"],
        ["orange"] = ["amber", "tangerine"],
        ["green"] = ["emerald", "grassy"],
        ["blue"] = ["navy", "azure"],
        ["circle"] = ["disc", "disk", "dot", "ball"],
        ["ring"] = ["hoop", "donut", "band"],
        ["square"] = ["box", "block"],
        ["cross"] = ["plus", "crosshair"],
        ["triangle"] = ["wedge", "pyramid"],
        ["airplane"] = ["plane", "aeroplane", "jet", "aircraft"],
        ["automobile"] = ["car", "auto", "sedan"],
        ["bird"] = ["sparrow", "parrot", "birdie"],
        ["cat"] = ["kitten", "kitty", "pussycat"],
        ["deer"] = ["stag", "doe", "fawn"],
        ["dog"] = ["puppy", "hound", "doggy"],
        ["frog"] = ["toad", "froggy"],
        ["horse"] = ["pony", "mare", "stallion"],
        ["ship"] = ["boat", "vessel", "steamer"],
        ["truck"] = ["lorry", "van", "pickup"],
    };

    private static readonly string[] Templates =
    [
        "{0}", "a {0}", "the {0}", "one {0}, please", "draw a {0}", "draw me a {0}", "paint a {0}", "a picture of a {0}",
        "an image of a {0}", "I would like a {0}", "show me a {0}", "give me one {0}", "can you make a {0}", "a photo of a {0}",
    ];

    /// <summary>Texts and the label that each asks for.</summary>
    /// <param name="labels">The labels; words of one are separated by spaces, underscores or hyphens.</param>
    /// <param name="seed">Seed of what is drawn at random.</param>
    public static IReadOnlyList<Caption> Of(IEnumerable<string> labels, int seed)
    {
        Random random = new(seed);
        return
        [
            .. labels.SelectMany(label => Enumerable.Range(0, TextsOfATemplate * Templates.Length).Select(i =>
            {
                List<string> words = [.. label.ToLowerInvariant().Split(' ', '_', '-').Select(word => Pick(word, random))];

                // The last word says what it is; what comes before may be left out.
                if (words.Count > 1 && random.NextDouble() < ShareWithLess)
                {
                    words.RemoveAt(random.Next(words.Count - 1));
                }

                return new Caption
                {
                    Text = string.Format(
                        System.Globalization.CultureInfo.InvariantCulture, Templates[i % Templates.Length], string.Join(' ', words)),
                    Label = label,
                };
            })),
        ];
    }

    private static string Pick(string word, Random random)
    {
        string[] words = [word, .. Synonyms.GetValueOrDefault(word) ?? []];
        return words[random.Next(words.Length)];
    }
}
