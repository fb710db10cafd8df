using GMem.Backbone.Kernels;

namespace GMem.Backbone;

/// <summary>A block's MLP, one token at a time.</summary>
internal abstract class FeedForward(string name) : torch.nn.Module(name)
{
    public static FeedForward Create(SiTOptions options, torch.Device device, torch.ScalarType dtype) => options.UseSwiGlu
        ? new SwiGluFeedForward(options.HiddenSize, options.ResolvedMlpHiddenSize, device, dtype)
        : new GeluFeedForward(options.HiddenSize, options.ResolvedMlpHiddenSize, device, dtype);

    /// <summary>Tokens <c>[B, T, D]</c> to the same shape.</summary>
    public abstract torch.Tensor forward(torch.Tensor x);
}

/// <summary>Linear, GELU in its tanh form, linear.</summary>
internal sealed class GeluFeedForward : FeedForward
{
    public readonly Linear fc1;
    public readonly Linear fc2;

    public GeluFeedForward(long hidden, long inner, torch.Device device, torch.ScalarType dtype)
        : base(nameof(GeluFeedForward))
    {
        fc1 = new Linear(hidden, inner, device, dtype);
        fc2 = new Linear(inner, hidden, device, dtype);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor x) => fc2.forward(GeluTanh.Of(fc1.forward(x)));
}

/// <summary>SwiGLU (arXiv 2002.05202): one product for gate and value, SiLU of the gate times the value, linear.</summary>
internal sealed class SwiGluFeedForward : FeedForward
{
    public readonly Linear w12;
    public readonly Linear w3;

    public SwiGluFeedForward(long hidden, long inner, torch.Device device, torch.ScalarType dtype)
        : base(nameof(SwiGluFeedForward))
    {
        w12 = new Linear(hidden, 2 * inner, device, dtype);
        w3 = new Linear(inner, hidden, device, dtype);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor x) => w3.forward(SwiGlu.Of(w12.forward(x)));
}
