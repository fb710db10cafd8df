// A script: generates images with a saved model. dotnet fsi generate.fsx model.zip [folder] [count]
#r "nuget: GMem.MLNet, *-*"

open System.IO
open GMem.MLNet
open Microsoft.ML

let arguments = fsi.CommandLineArgs
let folder = if arguments.Length > 2 then arguments[2] else "samples"
let count = if arguments.Length > 3 then int arguments[3] else 4
Directory.CreateDirectory folder |> ignore

let ml = MLContext()
let model = GMemTransformer.Load(arguments[1], ml)
let generated = model.Transform(ml.GetImageGeneration().CreatePrompts count)

for row in ml.Data.CreateEnumerable<GeneratedImageRow>(generated, reuseRowObject = false) do
    use image = row.GeneratedImage
    image.Save(Path.Combine(folder, $"{row.Seed}.png"))

printfn $"wrote {count} images to {folder}"
model.Dispose()
