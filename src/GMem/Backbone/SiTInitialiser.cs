namespace GMem.Backbone;

/// <summary>Fills a new network's tables and weights.</summary>
internal static class SiTInitialiser
{
    private const double EmbeddingDeviation = 0.02;

    /// <summary>Zero, so that a flow map begins as the velocity field that it is trained from.</summary>
    private const string LastOfInterval = "interval_embedder.mlp.2.weight";

    /// <summary>The fixed position tables.</summary>
    public static void FillTables(SiT network)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradients = torch.no_grad();
        SiTOptions options = network.Options;
        network.pos_embed.copy_(PositionTables.SineCosine(options.Grid, options.HiddenSize));
        if (network.feat_rope is { } rope)
        {
            torch.Tensor angles = PositionTables.RotaryAngles(options.Grid, options.HeadSize);
            rope.freqs_cos.copy_(angles.cos());
            rope.freqs_sin.copy_(angles.sin());
        }
    }

    /// <summary>
    /// The trained weights, in the order of their names in the network; unset (but for what has a fixed value) without a generator.
    /// </summary>
    public static void FillWeights(SiT network, torch.Generator? generator)
    {
        if (generator is null)
        {
            return;
        }

        using IDisposable noGradients = torch.no_grad();
        SiTInitialisation scheme = network.Options.Initialisation;
        foreach ((string name, Parameter parameter) in network.TrainableParameters())
        {
            using DisposeScope scope = torch.NewDisposeScope();
            Fill(name, parameter, scheme, generator);
        }
    }

    private static void Fill(string name, Parameter parameter, SiTInitialisation scheme, torch.Generator generator)
    {
        bool zeroModulation = scheme == SiTInitialisation.AdaLNZero && name.Contains("adaLN_modulation", StringComparison.Ordinal);
        if (name.EndsWith(".bias", StringComparison.Ordinal) || zeroModulation || name is "final_layer.linear.weight" or LastOfInterval)
        {
            parameter.zero_();
        }
        else if (parameter.dim() == 1)
        {
            // The weight of a norm.
            parameter.FillInPlace(1);
        }
        else if (name.StartsWith("t_embedder.", StringComparison.Ordinal)
            || SiT.IsOfFlowMap(name)
            || name.EndsWith(".embedding_table.weight", StringComparison.Ordinal))
        {
            // Drawn as float32 on the CPU whatever the network is, so that a seed means the same weights everywhere.
            parameter.copy_(torch.empty(parameter.shape).normal_(0, EmbeddingDeviation, generator));
        }
        else
        {
            // Xavier uniform over the flattened kernel: the patch embedding counts as a linear layer.
            long outputs = parameter.shape[0], inputs = parameter.numel() / outputs;
            double bound = Math.Sqrt(6.0 / (inputs + outputs));
            parameter.copy_(torch.empty(parameter.shape).uniform_(-bound, bound, generator));
        }
    }
}
