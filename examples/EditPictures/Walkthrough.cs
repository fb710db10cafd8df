using Examples.Shared;
using GMem;
using GMem.Images;
using GMem.MLNet;
using Microsoft.ML;

namespace EditPictures;

/// <summary>One row of images for each thing that can be done with a picture, all by prompt columns.</summary>
internal static class Walkthrough
{
    private const int Columns = 8;
    private const int SmallestTile = 64;
    private const byte Grey = 128;

    private static readonly float[] Strengths = [0, 0.3f, 0.5f, 0.7f, 0.8f, 0.9f, 1];

    public static void Run(string modelPath, string imagesPath, int seed, string output, CancellationToken cancellationToken)
    {
        MLContext ml = new MLContext(seed).WithWarnings();
        using GMemTransformer model = GMemTransformer.Load(modelPath, ml);
        ImageShape size = model.Model.ImageShape;
        _ = Directory.CreateDirectory(output);
        string[] pictures = Choose(ImageCollection.Enumerate(imagesPath), new Random(seed));
        (string picture, string other) = (pictures[0], pictures[1]);
        RgbImage shown = ImageReader.ReadFile(picture, size);

        // The square that the model sees, as a file of its own, so that the mask has its size.
        string square = Path.Combine(output, "picture.png"), mask = Path.Combine(output, "mask.png");
        PngWriter.Write(square, shown);
        PngWriter.Write(mask, RightHalf(shown, (_, hidden) => hidden ? byte.MaxValue : (byte)0));

        List<RgbImage> rows =
        [
            // The picture, then more and more of it made anew from its own memory, and from that of another picture.
            shown, .. Generate(Strengths.Select(s => new PromptRow { Seed = seed, PromptImage = square, Strength = s })),
            shown, .. Generate(Strengths.Select(s => new PromptRow
            {
                Seed = seed, PromptImage = square, Strength = s, Snippet = Snippet(other),
            })),

            // What is left of the picture, then the rest from its own memory and from that of a label.
            RightHalf(shown, (value, hidden) => hidden ? Grey : value),
            .. Generate(Seeds().Select(s => new PromptRow { Seed = s, PromptImage = square, PromptMask = mask })),
            RightHalf(shown, (value, hidden) => hidden ? Grey : value),
            .. Generate(Seeds().Select(s => new PromptRow
            {
                Seed = s, PromptImage = square, PromptMask = mask, PromptLabel = model.Memory.Labels[0],
            })),

            // The picture, and from its noise: itself, then the memories of others.
            shown, .. Generate(pictures[..^1].Select(p => new PromptRow { NoiseImage = square, PromptImage = p })),
        ];
        string file = Path.Combine(output, "pictures.png");
        ImageGrid.Save(file, rows, Columns, Math.Max(1, SmallestTile / shown.Width));
        double error = model.Model.Invert([new GenerationRequest(PromptImage: shown)], cancellationToken)[0].RoundTripError;
        Console.WriteLine($"Wrote {file}. From its noise the picture comes back with an error of {error:0.00} levels of 255.");

        List<RgbImage> Generate(IEnumerable<PromptRow> prompts) => ml.Generate(model, prompts, cancellationToken);

        IEnumerable<long> Seeds() => Enumerable.Range(seed, Columns - 1).Select(s => (long)s);

        float[] Snippet(string path)
        {
            using TorchSharp.torch.Tensor snippet = model.Model.EncodeFiles(path);
            return [.. snippet.data<float>()];
        }
    }

    /// <summary>As many pictures as there are columns, each of another label than the one before where there are labels.</summary>
    private static string[] Choose(IReadOnlyList<ImageFile> files, Random random)
    {
        if (files.Count < Columns)
        {
            throw new ArgumentException($"There are {files.Count} pictures; at least {Columns} are needed.");
        }

        ImageFile[] all = [.. files];
        random.Shuffle(all);
        IEnumerable<(string ImagePath, int Round)> rounds =
            all.GroupBy(f => f.Label).SelectMany(label => label.Select((f, round) => (f.ImagePath, round)));
        return [.. rounds.OrderBy(f => f.Round).Take(Columns).Select(f => f.ImagePath)];
    }

    /// <summary>An image with other values, given those of the picture and whether they lie in its right half.</summary>
    private static RgbImage RightHalf(RgbImage image, Func<byte, bool, byte> value) => new(
        image.Width,
        image.Height,
        [.. image.Pixels.Select((b, i) => value(b, i / image.Channels % image.Width >= image.Width / 2))],
        image.Channels);
}
