using GMem.Images;
using GMem.MLNet;
using Microsoft.ML;

namespace GMem.PipelineTests;

/// <summary>Whether generated pictures show what they were made from.</summary>
internal static class Likeness
{
    private const int Count = 40;

    /// <summary>Draws from entries all over the bank, whose sources are files, and gives <see cref="Share"/>.</summary>
    public static double Of(GMemTransformer model)
    {
        MLContext ml = new(seed: 1);
        long[] entries = [.. Enumerable.Range(0, Count).Select(i => i * model.Memory.Count / Count)];
        IDataView prompts = ml.Data.LoadFromEnumerable(entries.Select(e => new PromptRow { Seed = e, MemoryIndex = e }).ToArray());
        return Share(Read(ml, model.Transform(prompts)), [.. entries.Select(e =>
            ImageReader.ReadFile(model.Memory.Entry(e).Source!, model.Model.ImageShape))]);
    }

    /// <summary>
    /// Share of pictures that are nearer to what they were made from than to half of what the others were: one half for noise, one for a
    /// model that draws what it is told.
    /// </summary>
    public static double Share(IReadOnlyList<RgbImage> generated, IReadOnlyList<RgbImage> sources)
    {
        Assert.Equal(generated.Count, sources.Count);
        Assert.Contains(sources, s => Distance(s, sources[0]) > 0);
        return generated.Select((picture, i) => sources.Count(other => Distance(picture, other) > Distance(picture, sources[i]))).Average(
            farther => farther >= sources.Count / 2 ? 1.0 : 0);
    }

    /// <summary>The generated pictures of a view.</summary>
    public static IReadOnlyList<RgbImage> Read(MLContext ml, IDataView generated)
    {
        List<RgbImage> images = [];
        foreach (GeneratedImageRow row in ml.Data.CreateEnumerable<GeneratedImageRow>(generated, reuseRowObject: false))
        {
            using (row.GeneratedImage)
            {
                images.Add(row.GeneratedImage.ToRgbImage());
            }
        }

        return images;
    }

    private static double Distance(RgbImage a, RgbImage b)
    {
        Assert.Equal((a.Width, a.Height), (b.Width, b.Height));
        double sum = 0;
        for (int i = 0; i < a.Pixels.Length; i++)
        {
            double difference = a.Pixels[i] - b.Pixels[i];
            sum += difference * difference;
        }

        return sum;
    }
}
