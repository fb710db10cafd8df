using System.Globalization;

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

    /// <summary>How many of the texts name several of what the label names.</summary>
    private const double ShareOfPlurals = 0.25;

    /// <summary>Other words for those of the labels, those of the drawn shapes and of CIFAR-10.</summary>
    private static readonly Dictionary<string, string[]> Synonyms = new(StringComparer.Ordinal)
    {
        ["small"] = ["little", "tiny", "mini", "miniature", "petite", "wee", "smaller", "smallest"],
        ["large"] = ["big", "huge", "great", "giant", "enormous", "massive", "larger", "largest", "bigger", "biggest"],
        ["red"] = ["crimson", "scarlet", "ruby", "reddish"],
        ["orange"] = ["amber", "tangerine", "orangey"],
        ["green"] = ["emerald", "grassy", "lime", "greenish"],
        ["blue"] = ["navy", "azure", "cobalt", "bluish"],
        ["circle"] = ["disc", "disk", "dot", "ball"],
        ["ring"] = ["hoop", "donut", "band"],
        ["square"] = ["box", "block", "rectangle"],
        ["cross"] = ["plus", "crosshair"],
        ["triangle"] = ["wedge", "pyramid"],
        ["airplane"] = ["plane", "aeroplane", "jet", "aircraft", "airliner"],
        ["automobile"] = ["car", "auto", "sedan", "convertible"],
        ["bird"] = ["sparrow", "parrot", "robin", "pigeon", "birdie"],
        ["cat"] = ["kitten", "kitty", "pussycat", "tabby"],
        ["deer"] = ["stag", "doe", "fawn", "reindeer"],
        ["dog"] = ["puppy", "hound", "terrier", "doggy"],
        ["frog"] = ["toad", "bullfrog", "froggy"],
        ["horse"] = ["pony", "mare", "stallion", "foal"],
        ["ship"] = ["boat", "vessel", "steamer", "ferry"],
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
        // The same draws for each label: were a word more frequent with one of its labels than with another, it would speak for that one.
        return [.. labels.SelectMany(label => OfLabel(label, new Random(seed)))];
    }

    private static IEnumerable<Caption> OfLabel(string label, Random random)
    {
        for (int i = 0; i < TextsOfATemplate * Templates.Length; i++)
        {
            List<string> words = [.. label.ToLowerInvariant().Split(' ', '_', '-').Select(word => Pick(word, random))];
            if (random.NextDouble() < ShareOfPlurals)
            {
                words[^1] = Plural(words[^1]);
            }

            // The last word says what it is; what comes before may be left out.
            if (words.Count > 1 && random.NextDouble() < ShareWithLess)
            {
                words.RemoveAt(random.Next(words.Count - 1));
            }

            yield return new Caption
            {
                Text = string.Format(CultureInfo.InvariantCulture, Templates[i % Templates.Length], string.Join(' ', words)),
                Label = label,
            };
        }
    }

    /// <summary>By the rules alone; a word that has none of its own, such as "deers", does no harm.</summary>
    private static string Plural(string word) => word switch
    {
        [.., 's' or 'x' or 'h'] => word + "es",
        [.., not ('a' or 'e' or 'o'), 'y'] => word[..^1] + "ies",
        _ => word + "s",
    };

    private static string Pick(string word, Random random)
    {
        string[] words = [word, .. Synonyms.GetValueOrDefault(word) ?? []];
        return words[random.Next(words.Length)];
    }
}
