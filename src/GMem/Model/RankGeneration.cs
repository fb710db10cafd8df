using GMem.Distributed;
using GMem.Images;

namespace GMem;

/// <summary>Generation shared among ranks: each makes its part of the requests, and the first gets all images.</summary>
internal static class RankGeneration
{
    /// <returns>The images in the order of the requests; none on ranks above 0.</returns>
    public static IReadOnlyList<GeneratedImage> Run(
        GMemModel model, IReadOnlyList<GenerationRequest> requests, RankGroup ranks, CancellationToken cancellationToken)
    {
        if (ranks.Size == 1)
        {
            return ImageGeneration.Generate(model, requests, cancellationToken);
        }

        (long begin, long length) = ranks.PartOf(requests.Count);
        GenerationRequest[] own = [.. requests.Skip((int)begin).Take((int)length)];
        IReadOnlyList<GeneratedImage> made = ImageGeneration.Generate(model, own, cancellationToken);
        byte[][]? all = ranks.Gather([.. made.SelectMany(i => i.Image.Pixels)]);
        if (all is null)
        {
            return [];
        }

        ImageShape shape = model.ImageShape;
        ResolvedPrompts prompts = new(model, requests);
        List<GeneratedImage> images = [];
        for (int rank = 0; rank < all.Length; rank++)
        {
            foreach (byte[] pixels in all[rank].Chunk(shape.Height * shape.Width * shape.Channels))
            {
                int i = images.Count;
                RgbImage image = new(shape.Width, shape.Height, pixels, shape.Channels);
                images.Add(new GeneratedImage(i, requests[i], image, prompts.EntryOf(i), prompts.LabelOf(i)));
            }
        }

        return images;
    }
}
