#!/usr/bin/env dotnet
#:project ../../src/GMem.MLNet
#:property PublishAot=false

// A program of one file: generates images with a saved model. dotnet run examples/FileBased/generate.cs -- model.zip [folder] [count]
using GMem.MLNet;
using Microsoft.ML;

if (args.Length == 0)
{
    Console.Error.WriteLine("Give a model: dotnet run examples/FileBased/generate.cs -- model.zip [folder] [count]");
    return 2;
}

#region one-file
string folder = args.ElementAtOrDefault(1) ?? "samples";
int count = int.Parse(args.ElementAtOrDefault(2) ?? "4");
Directory.CreateDirectory(folder);
MLContext ml = new();
using GMemTransformer model = GMemTransformer.Load(args[0], ml);
IDataView generated = model.Transform(ml.ImageGeneration.CreatePrompts(count));
foreach (GeneratedImageRow row in ml.Data.CreateEnumerable<GeneratedImageRow>(generated, reuseRowObject: false))
{
    using (row.GeneratedImage)
    {
        row.GeneratedImage.Save(Path.Combine(folder, $"{row.Seed}.png"));
    }
}
#endregion

Console.WriteLine($"wrote {count} images to {folder}");
return 0;
