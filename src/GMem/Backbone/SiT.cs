using GMem.FileFormats;

namespace GMem.Backbone;

/// <summary>
/// The network: a transformer over image patches, conditioned through adaLN on the time and on a snippet or a label. One class is SiT
/// (arXiv 2401.08740), LightningDiT (arXiv 2501.01423) and their GMem forms (arXiv 2412.08781), by its options.
/// </summary>
/// <remarks>
/// Parameters and buffers carry the names of the official checkpoints. Evaluation does not depend on the batch: on the CPU a row's output
/// has the same bits whatever the other rows are and however many. A network may be evaluated from several threads at once.
/// </remarks>
internal sealed class SiT : torch.nn.Module
{
    internal readonly Parameter pos_embed;
    internal readonly PatchEmbedding x_embedder;
    internal readonly TimestepEmbedder t_embedder;
    internal readonly RotaryEmbedding? feat_rope;
    internal readonly ModuleList<SiTBlock> blocks;
    internal readonly FinalLayer final_layer;
    internal readonly ModuleList<SiluMlp>? projector;
    internal readonly TimestepEmbedder? interval_embedder;
    private readonly SiTOptions _options;

    /// <summary>Builds a network with new weights.</summary>
    /// <param name="options">What to build; copied.</param>
    /// <param name="initialisation">
    /// Where the weights come from: the same generator state gives the same weights on every device. A CPU generator; null leaves the
    /// weights unset, for a network that is loaded next or lives on the <c>meta</c> device.
    /// </param>
    /// <param name="device">Where the weights live. Default the CPU.</param>
    /// <param name="dtype">Their type, float32 or float64. Default float32.</param>
    /// <exception cref="ArgumentException">The options do not fit together; the message names each fault.</exception>
    public SiT(SiTOptions options, torch.Generator? initialisation = null, torch.Device? device = null,
        torch.ScalarType dtype = torch.ScalarType.Float32)
        : base(nameof(SiT))
    {
        GMemRuntime.EnsureLoaded();
        options.Validate();
        _options = options;
        device ??= torch.CPU;
        DataType = dtype;

        pos_embed = Linear.Unset([1, options.TokenCount, options.HiddenSize], device, dtype, trainable: false);
        x_embedder = new PatchEmbedding(options, device, dtype);
        t_embedder = new TimestepEmbedder(options, device, dtype);
        Embedders = [.. _options.Conditions.Select(c => (c, c.CreateEmbedder(options.HiddenSize, device, dtype)))];
        feat_rope = options.UseRope ? new RotaryEmbedding(options, device, dtype) : null;
        blocks = new ModuleList<SiTBlock>([.. Enumerable.Range(0, options.Depth).Select(_ => new SiTBlock(options, device, dtype))]);
        final_layer = new FinalLayer(options, device, dtype);
        projector = options.ProjectionSize == 0 ? null : new ModuleList<SiluMlp>(
            new SiluMlp([options.HiddenSize, options.ProjectorHiddenSize, options.ProjectorHiddenSize, options.ProjectionSize], device,
                dtype));
        interval_embedder = options.IsFlowMap ? new TimestepEmbedder(options, device, dtype) : null;
        RegisterInOrder();
        if (device.type != DeviceType.META)
        {
            SiTInitialiser.FillTables(this);
            SiTInitialiser.FillWeights(this, initialisation);
        }
    }

    /// <summary>Whether a tensor of that name is there in flow maps only.</summary>
    public static bool IsOfFlowMap(string name) => name.StartsWith($"{nameof(interval_embedder)}.", StringComparison.Ordinal);

    /// <summary>What the network is conditioned on.</summary>
    internal IReadOnlyList<Condition> Conditions => _options.Conditions;

    /// <summary>What the network was built from.</summary>
    public SiTOptions Options => _options;

    /// <summary>Type of the weights, and of the inputs it takes.</summary>
    public torch.ScalarType DataType { get; }

    /// <summary>The conditions, each with the module that embeds its values.</summary>
    internal IReadOnlyList<(Condition Condition, torch.nn.Module<torch.Tensor, torch.Tensor> Module)> Embedders { get; }

    /// <summary>
    /// The network's output, without any dropout, for a network with one condition or none. Differentiable where gradients are enabled.
    /// </summary>
    /// <param name="x">Noisy images or latents, <c>[B, C, H, W]</c>, in the network's type and on its device.</param>
    /// <param name="t">Times, <c>[B]</c>; 0 is noise and 1 is data.</param>
    /// <param name="condition">
    /// Values of the condition: snippets <c>[B, m]</c>, or labels <c>[B]</c> (int64); null for an unconditional network.
    /// </param>
    /// <returns>Prediction, <c>[B, C, H, W]</c>; with <see cref="SiTOptions.LearnSigma"/> the first half of the channels.</returns>
    /// <exception cref="ArgumentException">A shape, type or condition does not fit the network.</exception>
    /// <remarks>
    /// A network with several conditions is evaluated by <see cref="EmbedConditions"/> and <see cref="ForwardEmbedded"/>.
    /// </remarks>
    public torch.Tensor forward(torch.Tensor x, torch.Tensor t, torch.Tensor? condition)
    {
        SiTInput.Check(_options, DataType, x, t);
        using DisposeScope scope = torch.NewDisposeScope();
        return ForwardEmbedded(x, t, EmbedConditions(condition is null ? [] : [condition], x.shape[0])).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Embeds the values of all conditions once, for <see cref="ForwardEmbedded"/>: they are the same at every step of a solver. A row's
    /// embedding has the same bits whatever the other rows are.
    /// </summary>
    /// <param name="conditions">Values of each condition, in the order of <see cref="SiTOptions.Conditions"/>.</param>
    /// <param name="batch">Number of images B.</param>
    /// <returns>The sum of the embeddings, <c>[B, D]</c>; null for an unconditional network.</returns>
    /// <exception cref="ArgumentException">There are more or fewer conditions than the network has, or their values do not fit.</exception>
    public torch.Tensor? EmbedConditions(IReadOnlyList<torch.Tensor> conditions, long batch)
    {
        SiTInput.CheckConditions(_options, DataType, batch, conditions);
        return Modulations.EmbedBatchInvariant(this, conditions, batch);
    }

    /// <summary>The network's output for conditions that were embedded before.</summary>
    /// <param name="x">Noisy images or latents, <c>[B, C, H, W]</c>, in the network's type and on its device.</param>
    /// <param name="t">Times, <c>[B]</c>; 0 is noise and 1 is data.</param>
    /// <param name="embedding">From <see cref="EmbedConditions"/>, <c>[B, D]</c>.</param>
    /// <param name="target">
    /// Times <c>[B]</c> to which a flow map leads; the prediction is then the mean velocity from t to there. Null: the velocity at t.
    /// </param>
    /// <returns>Prediction, <c>[B, C, H, W]</c>.</returns>
    /// <exception cref="ArgumentException">A shape or type does not fit the network, or it is no flow map.</exception>
    public torch.Tensor ForwardEmbedded(torch.Tensor x, torch.Tensor t, torch.Tensor? embedding, torch.Tensor? target = null)
    {
        SiTInput.Check(_options, DataType, x, t);
        SiTInput.CheckTarget(_options, DataType, x.shape[0], target);
        SiTInput.CheckEmbedding(_options, x.shape[0], embedding);
        using DisposeScope scope = torch.NewDisposeScope();
        long batch = x.shape[0], images = RowPadding.Images(batch, _options.TokenCount);
        torch.Tensor[] modulations = Modulations.BatchInvariant(this, t, embedding, images, target);
        torch.Tensor prediction = RunBlocks(RowPadding.Take(x, 0, images), modulations, training: false).Prediction;
        return (images == batch ? prediction : prediction.narrow(0, 0, batch)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The network's output and, if there is a projector, its tokens. Nothing is dropped: the caller does that
    /// (<see cref="Condition.Drop"/>).
    /// </summary>
    /// <param name="x">Noisy images or latents, <c>[B, C, H, W]</c>.</param>
    /// <param name="t">Times, <c>[B]</c>; 0 is noise and 1 is data.</param>
    /// <param name="conditions">Values of each condition, in the order of <see cref="SiTOptions.Conditions"/>.</param>
    /// <param name="target">Times <c>[B]</c> to which a flow map leads; null where those are t.</param>
    /// <returns>Prediction and projection.</returns>
    /// <exception cref="ArgumentException">A shape, type or condition does not fit the network.</exception>
    internal SiTOutput ForwardTraining(
        torch.Tensor x, torch.Tensor t, IReadOnlyList<torch.Tensor> conditions, torch.Tensor? target = null)
    {
        SiTInput.Check(_options, DataType, x, t);
        SiTInput.CheckTarget(_options, DataType, x.shape[0], target);
        SiTInput.CheckConditions(_options, DataType, x.shape[0], conditions);
        using DisposeScope scope = torch.NewDisposeScope();
        SiTOutput output = RunBlocks(x, Modulations.Plain(this, t, Modulations.Embed(this, conditions), target), training: true);
        return new SiTOutput(output.Prediction.MoveToOuterDisposeScope(), output.Projection?.MoveToOuterDisposeScope());
    }

    /// <summary>The values under which the network predicts without knowing which image is meant, for guidance.</summary>
    /// <param name="batch">Number of rows.</param>
    /// <returns>The null values of each condition; none for an unconditional network.</returns>
    /// <exception cref="InvalidOperationException">A condition was trained without its null value.</exception>
    public IReadOnlyList<torch.Tensor> NullConditions(long batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return [.. _options.Conditions.Select(c => c.NullValues(batch, pos_embed.device, DataType))];
    }

    /// <summary>The parameters to train, in an order that depends on the options alone.</summary>
    /// <returns>Official names and parameters; the fixed position table is not among them.</returns>
    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters() =>
        [.. named_parameters().Where(p => p.parameter.requires_grad).Select(p => (p.name, p.parameter))];

    /// <summary>The affine layers, with the names by which an adapter calls them.</summary>
    public IReadOnlyList<(string Name, Linear Layer)> LinearLayers() =>
        [.. named_modules().Where(m => m.module is Linear).Select(m => (m.name, (Linear)m.module))];

    /// <summary>A second network on the same tensors; nothing is copied, and either may be disposed first.</summary>
    /// <param name="withAdapters">Whether it has the adapters of this one's layers. Default true.</param>
    /// <returns>The network, which trains the same parameters.</returns>
    public SiT Twin(bool withAdapters = true)
    {
        using IDisposable noGradients = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        SiT twin = new(_options, device: pos_embed.device, dtype: DataType);
        foreach (((_, Linear own), (_, Linear other)) in LinearLayers().Zip(twin.LinearLayers()))
        {
            if (withAdapters && own.Adapter.Rank > 0)
            {
                other.AddAdapter(own.Adapter.Rank, own.Adapter.Scale);
            }
        }

        IReadOnlyDictionary<string, torch.Tensor> tensors = StateDictTensors();
        foreach ((string name, torch.Tensor tensor) in twin.StateDictTensors())
        {
            tensor.set_(tensors[name]);
            tensor.requires_grad = tensors[name].requires_grad;
        }

        return twin;
    }

    /// <summary>Everything a checkpoint holds: parameters, the position table, and the rotary tables if there are any.</summary>
    /// <returns>Official names and the network's own tensors; do not dispose them.</returns>
    public IReadOnlyDictionary<string, torch.Tensor> StateDictTensors() => StateDict.TensorsOf(this);

    /// <summary>Runs the network on given modulations.</summary>
    /// <param name="x">Images, <c>[B, C, H, W]</c>.</param>
    /// <param name="modulations">One for each block and one for the final layer.</param>
    /// <param name="training">Whether the projection is wanted and blocks may be checkpointed.</param>
    /// <param name="observe">Is shown the tokens after each stage; for tests.</param>
    internal SiTOutput RunBlocks(torch.Tensor x, torch.Tensor[] modulations, bool training, Action<string, torch.Tensor>? observe = null)
    {
        torch.Tensor tokens = x_embedder.forward(x);

        // Under mixed precision the product is bfloat16, but the residual stream stays float32.
        tokens = tokens.dtype == pos_embed.dtype ? tokens.PlusInPlace(pos_embed) : tokens.Plus(pos_embed);
        observe?.Invoke("tokens0", tokens);
        torch.Tensor? projection = null;
        bool checkpoint = training && _options.ActivationCheckpointing && torch.is_grad_enabled();
        for (int i = 0; i < blocks.Count; i++)
        {
            torch.Tensor next = checkpoint
                ? CheckpointedBlock.Of(blocks[i], tokens, modulations[i], feat_rope)
                : blocks[i].forward(tokens, modulations[i], feat_rope, training);
            tokens.Dispose();
            tokens = next;
            observe?.Invoke($"block{i}", tokens);
            if (training && i + 1 == _options.ProjectorDepth)
            {
                projection = projector?[0].forward(tokens);
            }
        }

        torch.Tensor patches = final_layer.forward(tokens, modulations[^1]);
        observe?.Invoke("final_tokens", patches);
        return new SiTOutput(Unpatchify(patches), projection);
    }

    /// <summary>
    /// In the order of the official checkpoints, which is also that of the flat parameters and of the random numbers of new weights.
    /// </summary>
    private void RegisterInOrder()
    {
        register_parameter(nameof(pos_embed), pos_embed);
        register_module(nameof(x_embedder), x_embedder);
        register_module(nameof(t_embedder), t_embedder);
        foreach ((Condition condition, torch.nn.Module<torch.Tensor, torch.Tensor> module) in Embedders)
        {
            register_module(condition.ModuleName, module);
        }

        Register(nameof(feat_rope), feat_rope);
        register_module(nameof(blocks), blocks);
        register_module(nameof(final_layer), final_layer);
        Register(nameof(projector), projector);
        Register(nameof(interval_embedder), interval_embedder);

        void Register(string name, torch.nn.Module? module)
        {
            if (module is not null)
            {
                register_module(name, module);
            }
        }
    }

    /// <summary>Patches <c>[B, T, p p C]</c> to images; with learn-sigma only the first half of the channels.</summary>
    private torch.Tensor Unpatchify(torch.Tensor patches)
    {
        ((int rows, int columns), int patch) = (_options.Grid, _options.PatchSize);
        return patches.view(patches.shape[0], rows, columns, patch, patch, _options.OutputChannels)
            .narrow(-1, 0, _options.InputChannels)
            .permute(0, 5, 1, 3, 2, 4)
            .reshape([patches.shape[0], .. _options.InputShape]);
    }
}
