using System.Collections.Concurrent;
using GMem.MLNet;
using Microsoft.ML;

namespace GMem.PipelineTests.Recipes;

#region pool
/// <summary>Engines for any number of threads over one model, which it owns. At most so many generate at a time.</summary>
public sealed class EnginePool(MLContext ml, GMemTransformer model, int engines) : IDisposable
{
    private static readonly PredictionEngineOptions Shared = new() { OwnsTransformer = false };

    private readonly ConcurrentBag<PredictionEngine<PromptRow, GeneratedImageRow>> _idle = [.. Enumerable.Range(0, engines)
        .Select(_ => ml.Model.CreatePredictionEngine<PromptRow, GeneratedImageRow>(model, Shared))];
    private readonly SemaphoreSlim _free = new(engines);

    /// <returns>The image; dispose it.</returns>
    public async Task<GeneratedImageRow> PredictAsync(PromptRow prompt, CancellationToken cancellationToken = default)
    {
        await _free.WaitAsync(cancellationToken);
        _ = _idle.TryTake(out PredictionEngine<PromptRow, GeneratedImageRow>? engine);
        try
        {
            return await Task.Run(() => engine!.Predict(prompt), CancellationToken.None);
        }
        finally
        {
            _idle.Add(engine!);
            _ = _free.Release();
        }
    }

    /// <summary>Frees the model. A prediction that is running ends well; a later one is an ObjectDisposedException.</summary>
    public void Dispose() => model.Dispose();
}
#endregion
