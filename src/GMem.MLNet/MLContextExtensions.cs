using Microsoft.ML;

namespace GMem.MLNet;

/// <summary>Adds image generation to <see cref="MLContext"/>.</summary>
public static class MLContextExtensions
{
    extension(MLContext mlContext)
    {
        /// <summary>Trainers of image generators, and what goes with them.</summary>
        public ImageGenerationCatalog ImageGeneration => new(mlContext);
    }
}
