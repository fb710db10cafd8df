// Loads a model in a process that has never heard of GMem, generates from it, and prints what a test compares: the type of the
// model, then for each row its seed, its memory index and the pixels in hexadecimal.
using Microsoft.ML;
using Microsoft.ML.Data;

MLContext mlContext = new();
ITransformer model = mlContext.Model.Load(args[0], out _);
Console.WriteLine(model.GetType().Name);
IDataView prompts = mlContext.Data.LoadFromEnumerable(args.Skip(1).Select(seed => new Prompt { Seed = long.Parse(seed) }));
IDataView images = model.Transform(prompts);
using DataViewRowCursor cursor = images.GetRowCursor(images.Schema);
ValueGetter<long> seed = cursor.GetGetter<long>(images.Schema["Seed"]);
ValueGetter<long> memoryIndex = cursor.GetGetter<long>(images.Schema["MemoryIndex"]);
ValueGetter<MLImage> image = cursor.GetGetter<MLImage>(images.Schema["GeneratedImage"]);
while (cursor.MoveNext())
{
    long seedValue = 0;
    long indexValue = 0;
    MLImage imageValue = null!;
    seed(ref seedValue);
    memoryIndex(ref indexValue);
    image(ref imageValue);
    Console.WriteLine($"{seedValue} {indexValue} {Convert.ToHexString(imageValue.Pixels)}");
    imageValue.Dispose();
}

internal sealed class Prompt
{
    public long Seed { get; set; }
}
