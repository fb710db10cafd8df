// Loads a model in a process that has never heard of GMem, generates from it, and prints what a test compares: the type of the
// model, then for each row its seed, its memory index, the cosine to the nearest entry and the pixels in hexadecimal. An argument is a
// seed, or a seed and what else the row prompts with: 4, 4:entry=2, 4:label=cat, 4:image=cat.png, 4:snippet=0.1;0.2
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

MLContext mlContext = new();
ITransformer model = mlContext.Model.Load(args[0], out _);
Console.WriteLine(model.GetType().Name);
IDataView images = model.Transform(mlContext.Data.LoadFromEnumerable(args.Skip(1).Select(Prompt.Parse)));
using DataViewRowCursor cursor = images.GetRowCursor(images.Schema);
ValueGetter<long> seed = cursor.GetGetter<long>(images.Schema["Seed"]);
ValueGetter<long> memoryIndex = cursor.GetGetter<long>(images.Schema["MemoryIndex"]);
ValueGetter<float> cosine = cursor.GetGetter<float>(images.Schema["MemoryCosine"]);
ValueGetter<MLImage> image = cursor.GetGetter<MLImage>(images.Schema["GeneratedImage"]);
while (cursor.MoveNext())
{
    long seedValue = 0;
    long indexValue = 0;
    float cosineValue = 0;
    MLImage imageValue = null!;
    seed(ref seedValue);
    memoryIndex(ref indexValue);
    cosine(ref cosineValue);
    image(ref imageValue);
    Console.WriteLine(FormattableString.Invariant(
        $"{seedValue} {indexValue} {cosineValue:F4} {Convert.ToHexString(imageValue.Pixels)}"));
    imageValue.Dispose();
}

internal sealed class Prompt
{
    public long Seed { get; set; }

    public long MemoryIndex { get; set; } = -1;

    public float[] Snippet { get; set; } = [];

    public string PromptLabel { get; set; } = "";

    public string PromptImage { get; set; } = "";

    public static Prompt Parse(string argument)
    {
        string[] parts = argument.Split(':', 2);
        string[] given = parts.Length > 1 ? parts[1].Split('=', 2) : ["", ""];
        return new Prompt
        {
            Seed = long.Parse(parts[0], CultureInfo.InvariantCulture),
            MemoryIndex = given[0] == "entry" ? long.Parse(given[1], CultureInfo.InvariantCulture) : -1,
            Snippet = given[0] == "snippet" ? [.. given[1].Split(';').Select(v => float.Parse(v, CultureInfo.InvariantCulture))] : [],
            PromptLabel = given[0] == "label" ? given[1] : "",
            PromptImage = given[0] == "image" ? given[1] : "",
        };
    }
}
