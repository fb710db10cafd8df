namespace GMem.FileFormats;

/// <summary>Weights for a frozen network that has no checkpoint.</summary>
internal static class RandomWeights
{
    /// <summary>
    /// Weights as untrained networks have them: matrices and kernels normal with variance 1 / fan-in, scales 1, biases 0, tokens
    /// normal with deviation 0.02. A function of the seed and of the order of the parameters alone.
    /// </summary>
    public static void Fill(torch.nn.Module module, long seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Weights);
        foreach ((string name, torch.Tensor parameter) in module.state_dict())
        {
            long[] shape = parameter.shape;
            if (name.EndsWith(".bias", StringComparison.Ordinal))
            {
                parameter.zero_();
            }
            else if (shape.Length == 1)
            {
                parameter.FillInPlace(1);
            }
            else
            {
                bool isWeight = name.EndsWith(".weight", StringComparison.Ordinal);
                double deviation = isWeight ? Math.Pow(shape.Skip(1).Aggregate(1L, (a, b) => a * b), -0.5) : 0.02;
                using torch.Tensor values = torch.randn(shape, generator: generator);
                parameter.copy_(values.TimesInPlace(deviation));
            }
        }
    }
}
