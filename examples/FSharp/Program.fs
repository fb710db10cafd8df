// Draws coloured squares, trains on them for a few steps, saves, loads and generates:
// dotnet run --project examples/FSharp -- [steps] [folder]
open System.IO
open GMem.Images
open GMem.MLNet
open Microsoft.ML

let size = 16

/// A square of one colour on white, somewhere in the image.
let draw (left: int) (top: int) (red: byte, green: byte, blue: byte) =
    let pixels = Array.create (size * size * ImageShape.Rgb) 255uy

    for y in top .. top + 7 do
        for x in left .. left + 7 do
            [| red; green; blue |].CopyTo(pixels, (y * size + x) * ImageShape.Rgb)

    RgbImage(size, size, pixels)

[<EntryPoint>]
let main arguments =
    let steps = if arguments.Length > 0 then int64 arguments[0] else 500L
    let folder = if arguments.Length > 1 then arguments[1] else "output"

    // The name of a subfolder is the label of its images.
    for label, colour in [ "red", (220uy, 40uy, 40uy); "blue", (40uy, 60uy, 220uy) ] do
        Directory.CreateDirectory(Path.Combine(folder, "images", label)) |> ignore

        for i in 0 .. 15 do
            PngWriter.Write(Path.Combine(folder, "images", label, $"{i}.png"), draw (i % 4 * 2) (i / 4 * 2) colour)

    //#region fsharp
    let ml = MLContext(seed = 1)
    let generation = ml.GetImageGeneration()
    let images = generation.LoadImages(Path.Combine(folder, "images"))
    let path = Path.Combine(folder, "model.zip")

    do
        use trained = generation.Trainers.GMem(imageSize = size, totalSteps = steps, batchSize = 16).Fit(images)
        trained.Save(path)

    use model = GMemTransformer.Load(path)
    let generated = model.Transform(generation.CreatePrompts(4, label = "red"))

    for row in ml.Data.CreateEnumerable<GeneratedImageRow>(generated, reuseRowObject = false) do
        use image = row.GeneratedImage
        image.Save(Path.Combine(folder, $"{row.MemoryLabel}-{row.Seed}.png"))
    //#endregion

    printfn $"wrote 4 images to {folder}"
    0
