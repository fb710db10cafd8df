namespace GMem.Backbone.Kernels;

/// <summary>
/// Frees gradients that a custom autograd function has returned. libtorch takes a reference of its own right after the return, but the
/// managed tensor would otherwise live until the caller's dispose scope ends: a whole backward pass of gradients at once.
/// </summary>
internal static class HandedGradients
{
    [ThreadStatic]
    private static torch.Tensor?[]? last;

    /// <summary>
    /// Gradients to return, in the order of the function's inputs, null for none. Those handed out before on this thread are freed.
    /// </summary>
    public static List<torch.Tensor> Hand(params torch.Tensor?[] gradients)
    {
        Release();
        foreach (torch.Tensor? gradient in gradients)
        {
            gradient?.DetachFromDisposeScope();
        }

        last = gradients;
        return [.. gradients.Select(gradient => gradient!)];
    }

    /// <summary>Frees what was handed out last on this thread.</summary>
    public static void Release()
    {
        foreach (torch.Tensor? gradient in last ?? [])
        {
            gradient?.Dispose();
        }

        last = null;
    }
}
