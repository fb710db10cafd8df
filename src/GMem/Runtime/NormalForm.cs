using System.Text;

namespace GMem.Runtime;

/// <summary>
/// Text in Unicode's normal form C, in which texts that look the same are the same: <c>é</c> typed as one character and as an <c>e</c> with
/// an accent after it, as macOS writes file names.
/// </summary>
/// <remarks>
/// Not <see cref="string.Normalize()"/>, which returns its text unchanged in a program with <c>InvariantGlobalization</c>. The rules are
/// those of Unicode Standard Annex 15: decompose, order the marks by their class, compose.
/// </remarks>
internal static class NormalForm
{
    private const string Resource = "GMem.Runtime.CanonicalForms.txt";

    // Hangul syllables are computed (Unicode, section 3.12), not listed.
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;
    private const int LeadFirst = 0x1100;
    private const int VowelFirst = 0x1161;
    private const int TailFirst = 0x11A7;
    private const int Leads = 19;
    private const int Vowels = 21;
    private const int Tails = 28;

    private static readonly Lazy<Tables> Data = new(Read);

    /// <summary>The text in normal form C; half of a surrogate pair stays as it is.</summary>
    public static string Of(string text)
    {
        // Below U+0300 there are no marks, and every character stands for itself.
        if (!text.AsSpan().ContainsAnyInRange('\u0300', '\uFFFF'))
        {
            return text;
        }

        Tables tables = Data.Value;
        List<int> runes = [];
        for (int i = 0; i < text.Length; i++)
        {
            bool pair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            Decompose(pair ? char.ConvertToUtf32(text[i], text[++i]) : text[i], runes, tables);
        }

        Order(runes, tables);
        return Compose(runes, tables);
    }

    private static void Decompose(int rune, List<int> into, Tables tables)
    {
        if (rune - HangulFirst is >= 0 and < HangulCount and int syllable)
        {
            into.Add(LeadFirst + (syllable / (Vowels * Tails)));
            into.Add(VowelFirst + (syllable / Tails % Vowels));
            if (syllable % Tails is > 0 and int tail)
            {
                into.Add(TailFirst + tail);
            }
        }
        else if (tables.Decompositions.TryGetValue(rune, out int[]? parts))
        {
            foreach (int part in parts)
            {
                Decompose(part, into, tables);
            }
        }
        else
        {
            into.Add(rune);
        }
    }

    /// <summary>Marks after a character in the order of their classes; marks of one class keep theirs.</summary>
    private static void Order(List<int> runes, Tables tables)
    {
        for (int i = 1; i < runes.Count; i++)
        {
            int kind = tables.Class(runes[i]);
            for (int at = i; kind > 0 && at > 0 && tables.Class(runes[at - 1]) > kind; at--)
            {
                (runes[at - 1], runes[at]) = (runes[at], runes[at - 1]);
            }
        }
    }

    private static string Compose(List<int> runes, Tables tables)
    {
        int starter = -1, lastClass = 0;
        List<int> composed = [];
        foreach (int rune in runes)
        {
            int kind = tables.Class(rune);

            // A mark is blocked by one of the same or a higher class between it and the starter; a starter by anything between.
            bool isNext = composed.Count - 1 == starter;
            if (starter >= 0 && (isNext || (lastClass != 0 && lastClass < kind)) && Pair(composed[starter], rune, tables) is { } both)
            {
                composed[starter] = both;
                continue;
            }

            if (kind == 0)
            {
                starter = composed.Count;
            }

            lastClass = kind;
            composed.Add(rune);
        }

        StringBuilder text = new();
        foreach (int rune in composed)
        {
            _ = rune is >= 0xD800 and <= 0xDFFF ? text.Append((char)rune) : text.Append(char.ConvertFromUtf32(rune));
        }

        return text.ToString();
    }

    private static int? Pair(int first, int second, Tables tables)
    {
        (int lead, int vowel) = (first - LeadFirst, second - VowelFirst);
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
        {
            return HangulFirst + (((lead * Vowels) + vowel) * Tails);
        }

        (int syllable, int tail) = (first - HangulFirst, second - TailFirst);
        return syllable is >= 0 and < HangulCount && syllable % Tails == 0 && tail is > 0 and < Tails ? first + tail
            : tables.Compositions.TryGetValue((first, second), out int both) ? both
            : null;
    }

    private static Tables Read()
    {
        using StreamReader reader = new(typeof(NormalForm).Assembly.GetManifestResourceStream(Resource)!);
        Tables tables = new([], [], []);
        bool areClasses = false;
        while (reader.ReadLine() is { } line)
        {
            areClasses |= line == "-";
            foreach (string item in line is ['#' or '-', ..] ? [] : line.Split(';'))
            {
                string[] sides = item.Split(areClasses ? ':' : '=', '>');
                int[] codes = Array.ConvertAll(sides[areClasses ? 0 : 1].Split(areClasses ? '-' : ' '), Code);
                if (areClasses)
                {
                    for (int rune = codes[0]; rune <= codes[^1]; rune++)
                    {
                        tables.Classes.Add(rune, byte.Parse(sides[1], CultureInfo.InvariantCulture));
                    }

                    continue;
                }

                int whole = Code(sides[0]);
                tables.Decompositions.Add(whole, codes);
                if (item.Contains('=', StringComparison.Ordinal))
                {
                    tables.Compositions.Add((codes[0], codes[1]), whole);
                }
            }
        }

        return tables;
    }

    private static int Code(string hexadecimal) => int.Parse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private sealed record Tables(
        Dictionary<int, int[]> Decompositions, Dictionary<(int First, int Second), int> Compositions, Dictionary<int, byte> Classes)
    {
        public int Class(int rune) => Classes.GetValueOrDefault(rune);
    }
}
