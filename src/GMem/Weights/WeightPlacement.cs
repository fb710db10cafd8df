using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Weights;

/// <summary>Where the weights of a frozen network lie and of which type they are.</summary>
/// <param name="Device">The device; <c>meta</c> for shapes alone.</param>
/// <param name="DataType">A floating-point type.</param>
internal readonly record struct WeightPlacement(torch.Device Device, torch.ScalarType DataType)
{
    /// <summary>Names and shapes alone, however large the network.</summary>
    public static WeightPlacement Meta => new(torch.META, torch.ScalarType.Float32);

    /// <summary>
    /// A parameter that needs no gradient and holds nothing yet. TorchSharp's own layers would fill it from the global
    /// random generator; and a parameter must outlive the dispose scope in which its network is made.
    /// </summary>
    public Parameter Empty(params long[] shape)
    {
        Parameter parameter = torch.nn.Parameter(torch.empty(shape, dtype: DataType, device: Device), requires_grad: false);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>Tensors that a network of this type takes: where 16 bits were asked for, wider ones are rounded to them; all else is passed on as it is.</summary>
    public Dictionary<string, torch.Tensor> Fit(IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        torch.ScalarType type = DataType;
        bool narrow = type is torch.ScalarType.BFloat16 or torch.ScalarType.Float16;
        return tensors.ToDictionary(t => t.Key, t => narrow && t.Value.is_floating_point() ? t.Value.to(type) : t.Value, StringComparer.Ordinal);
    }

    /// <summary>Refuses a type in which no network can compute.</summary>
    public static torch.ScalarType RequireFloatingPoint(torch.ScalarType type) =>
        type is torch.ScalarType.Float32 or torch.ScalarType.Float64 or torch.ScalarType.BFloat16 or torch.ScalarType.Float16
            ? type
            : throw new ArgumentException($"A network cannot compute in {type}; use Float32, Float64, BFloat16 or Float16.", nameof(type));
}
