using TorchSharp;

namespace GMem.Backbone;

/// <summary>GELU in its tanh form.</summary>
internal static class GeluTanh
{
    public static torch.Tensor Of(torch.Tensor x) => torch.nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh);
}
