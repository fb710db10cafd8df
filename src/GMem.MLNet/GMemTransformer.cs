using GMem.FileFormats;
using GMem.Memory;
using GMem.MLNet.Generation;
using GMem.MLNet.Persistence;
using GMem.Sampling;

namespace GMem.MLNet;

/// <summary>A trained image generator in an ML.NET pipeline: one image for each row of prompts.</summary>
/// <remarks>
/// <para>Input columns, all optional and found by name: see <see cref="GenerationOptions"/>. Output columns: <c>GeneratedImage</c> (an
/// <c>MLImage</c> of known size), <c>MemoryIndex</c> and <c>Seed</c> (<see cref="long"/>), from which the same image can be made again, and
/// <c>MemoryLabel</c> (text) and <c>MemoryCosine</c> (<see cref="float"/>), which say what it was made from.</para>
/// <para>Transforming is lazy: an image is generated when a row is asked for it, together with those of the next
/// <see cref="GenerationOptions.BatchSize"/> - 1 rows. An image depends on its own row alone, not on the batch it was made in. Each image
/// that a row hands out is new and belongs to the reader, who disposes it; unlike ML.NET's image loaders, the next row does not dispose it.
/// A cursor set has one cursor. Input columns stay readable although the cursor reads ahead; images in them are copied.</para>
/// <para>Saving and loading: <c>mlContext.Model.Save</c> and <c>Load</c>, alone or in a chain, with nothing to register, or
/// <see cref="Save"/> and <see cref="Load"/>. A loaded model is put on the device that <c>GpuDeviceId</c> and <c>FallbackToCpu</c> of the
/// loading <see cref="MLContext"/> say (null: the first GPU if there is one, else the CPU).</para>
/// <para>Immutable and thread-safe. Transformers made from one another share the network, which is freed when the last of them is
/// disposed. Disposing is safe while other threads transform: an operation in progress finishes, one that begins later (a block of rows
/// of a cursor, a prediction) throws an <see cref="ObjectDisposedException"/>.</para>
/// <para>A <c>PredictionEngine</c> that <c>CreatePredictionEngine(transformer)</c> makes owns the transformer and disposes it. For engines
/// that share one, pass <c>new PredictionEngineOptions { OwnsTransformer = false }</c> and dispose the transformer last.</para>
/// </remarks>
public sealed class GMemTransformer : ITransformer, IDisposable
{
    private readonly GenerationOptions _generation;
    private readonly ModelGenerator _generator;

    internal GMemTransformer(GMemModel model, GenerationOptions generation, long firstSeed, TrainedColumns? trained = null)
    {
        generation.Validate();
        Model = model;
        FirstSeed = firstSeed;
        Trained = trained;
        _generation = generation;
        _generator = new ModelGenerator(model);
    }

    /// <summary>The generator itself, without ML.NET.</summary>
    public GMemModel Model { get; }

    /// <summary>The memory bank that images are drawn from.</summary>
    public MemoryBank Memory => Model.Memory;

    /// <summary>Columns and batch size; immutable. <see cref="WithGeneration"/> gives a transformer with others.</summary>
    public GenerationOptions Generation => _generation;

    /// <summary>Steps that the network was trained.</summary>
    public long TrainedSteps => Model.TrainedSteps;

    /// <summary>Whether training was cancelled before its last step; the transformer is usable all the same.</summary>
    public bool IsPartial => Model.IsPartial;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    /// <summary>The seed of row 0 where there is no seed column; the others count up from it.</summary>
    internal long FirstSeed { get; }

    /// <summary>Columns that a pipeline makes snippets in, or null.</summary>
    internal TrainedColumns? Trained { get; }

    /// <summary>The same network with another bank. Nothing is retrained, and this transformer stays as it is.</summary>
    /// <param name="memory">The bank, not empty and of the same dimension.</param>
    /// <returns>A transformer that shares the network. Dispose both.</returns>
    /// <exception cref="ArgumentException">The bank is empty or of another dimension.</exception>
    public GMemTransformer WithMemory(MemoryBank memory) => new(Model.WithMemory(memory), _generation, FirstSeed, Trained);

    /// <summary>The same network and bank, sampled in another way.</summary>
    /// <param name="sampling">How; copied.</param>
    /// <returns>A transformer that shares the network. Dispose both.</returns>
    /// <exception cref="ArgumentException">The options are not valid; the message names every fault.</exception>
    public GMemTransformer WithSampling(SamplingOptions sampling) => new(Model.WithSampling(sampling), _generation, FirstSeed, Trained);

    /// <summary>The same model with a low-rank adapter, in the place of one that it has; see <see cref="GMemModel.WithAdapter"/>.</summary>
    /// <param name="adapter">An adapter that was trained on this network.</param>
    /// <param name="strength">Factor of what it changes, from -10 to 10; 0 is the network as it was. Default 1.</param>
    /// <returns>A transformer that shares the weights that are not adapted. Dispose both.</returns>
    /// <exception cref="ArgumentException">The adapter is for another network; the message says what differs.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The strength is out of range.</exception>
    public GMemTransformer WithAdapter(LowRankAdapter adapter, double strength = 1) =>
        new(Model.WithAdapter(adapter, strength), _generation, FirstSeed, Trained);

    /// <summary>The same model without its adapter: the network has the bits that it had before.</summary>
    /// <returns>A transformer. Dispose both.</returns>
    public GMemTransformer WithoutAdapter() => new(Model.WithoutAdapter(), _generation, FirstSeed, Trained);

    /// <summary>The same model with other columns or another batch size.</summary>
    /// <param name="generation">Columns and batch size; copied.</param>
    /// <returns>A transformer that shares the network. Dispose both.</returns>
    /// <exception cref="ArgumentException">The options are not valid; the message names every fault.</exception>
    public GMemTransformer WithGeneration(GenerationOptions generation)
    {
        ArgumentNullException.ThrowIfNull(generation);
        generation.Validate();

        // A second handle on the network, so that each transformer can be disposed by itself.
        return new GMemTransformer(Model.WithSampling(Model.Sampling), generation, FirstSeed, Trained);
    }

    /// <summary>The columns of the input and the generated ones.</summary>
    /// <param name="inputSchema">The input's columns.</param>
    /// <returns>The output's columns.</returns>
    /// <exception cref="ArgumentException">A prompt column is of a type that cannot be one.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).Output;

    /// <summary>Appends the generated columns to a view. Nothing is generated until rows are read.</summary>
    /// <param name="input">The prompts.</param>
    /// <returns>The view with images.</returns>
    /// <exception cref="ArgumentException">A prompt column is of a type that cannot be one.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new GeneratedDataView(input, Bind(input.Schema), _generator, FirstSeed, _generation.BatchSize);
    }

    /// <summary>A mapper that generates row by row, as a <c>PredictionEngine</c> uses it.</summary>
    /// <param name="inputSchema">The columns of the rows.</param>
    /// <returns>The mapper.</returns>
    /// <exception cref="ArgumentException">A prompt column is of a type that cannot be one.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) =>
        new GenerationRowMapper(Bind(inputSchema), _generator, FirstSeed);

    /// <summary>
    /// Writes the model as ML.NET's <c>model.zip</c>, which <c>mlContext.Model.Load</c> and <see cref="Load"/> read. On any error an older
    /// file of that name is untouched.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path)
    {
        MLContext mlContext = new();
        AtomicFile.Write(path, stream => mlContext.Model.Save(this, null, stream));
    }

    /// <summary>
    /// Writes a pipeline again with this transformer in the place of its generator, for instance after an edit of the memory; the other
    /// stages stay. Of a file that is no pipeline, a generator alone, only this transformer is left.
    /// </summary>
    /// <param name="pipelinePath">The pipeline or model that there is.</param>
    /// <param name="path">The file to write; it may be the same.</param>
    /// <param name="mlContext">The context that loads the pipeline; null for a new one.</param>
    /// <exception cref="FileNotFoundException">There is no such pipeline.</exception>
    /// <exception cref="InvalidDataException">It cannot be loaded, or has no generator or several.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveInto(string pipelinePath, string path, MLContext? mlContext = null) =>
        ModelFile.SaveInto(this, pipelinePath, path, mlContext ?? new MLContext());

    /// <summary>
    /// Reads a model that <see cref="Save"/>, <c>mlContext.Model.Save</c> or <see cref="GMemModel.Save(string)"/> wrote, with errors that
    /// name the file and the cause; of a pipeline, its generator alone. What <see cref="GMemModel.Save(string)"/> wrote says nothing of
    /// columns, so the transformer has those of new <see cref="GenerationOptions"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="mlContext">
    /// Says by <c>GpuDeviceId</c> and <c>FallbackToCpu</c> where the model is put; null: the first GPU if there is one, else the CPU.
    /// </param>
    /// <returns>The transformer.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is cut short, not a model, not one of GMem, or of a newer version; the message says which.
    /// </exception>
    /// <exception cref="GMem.Runtime.GMemRuntimeException">libtorch or the GPU asked for is not there.</exception>
    public static GMemTransformer Load(string path, MLContext? mlContext = null) => ModelFile.Load(path, mlContext ?? new MLContext());

    /// <summary>Lets go of the network; it is freed with the last transformer that shares it.</summary>
    public void Dispose() => Model.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx) => TransformerFormat.Save(this, ctx);

    private GenerationSchema Bind(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new GenerationSchema(schema, _generation, Model.ImageShape, Trained);
    }
}
