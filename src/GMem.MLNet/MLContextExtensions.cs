namespace GMem.MLNet;

/// <summary>Adds image generation to <see cref="MLContext"/>.</summary>
public static class MLContextExtensions
{
    /// <summary>The same as the property <c>ImageGeneration</c>, for languages that do not see extension properties, such as F#.</summary>
    /// <param name="mlContext">The context.</param>
    /// <returns>Trainers of image generators, and what goes with them.</returns>
    public static ImageGenerationCatalog GetImageGeneration(this MLContext mlContext) => new(mlContext);

    extension(MLContext mlContext)
    {
        /// <summary>Trainers of image generators, and what goes with them.</summary>
        public ImageGenerationCatalog ImageGeneration => new(mlContext);
    }
}
