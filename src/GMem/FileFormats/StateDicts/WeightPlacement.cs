namespace GMem.FileFormats;

/// <summary>Where the weights of a frozen network lie and of which type they are.</summary>
/// <param name="Device">The device; <c>meta</c> for shapes alone.</param>
/// <param name="DataType">A floating-point type.</param>
internal readonly record struct WeightPlacement(torch.Device Device, torch.ScalarType DataType)
{
    /// <summary>The type for pixel values and what else 16 bits are too coarse for: float64 in a float64 network, else float32.</summary>
    public torch.ScalarType PreciseType => DataType == torch.ScalarType.Float64 ? torch.ScalarType.Float64 : torch.ScalarType.Float32;

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

    /// <summary>
    /// Tensors that a network of this type takes: where 16 bits were asked for, wider ones are rounded to them; all else is passed on as it
    /// is.
    /// </summary>
    public Dictionary<string, torch.Tensor> Fit(IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        torch.ScalarType type = DataType;
        bool narrow = type is torch.ScalarType.BFloat16 or torch.ScalarType.Float16;
        return tensors.ToDictionary(
            t => t.Key, t => narrow && t.Value.is_floating_point() ? t.Value.to(type) : t.Value, StringComparer.Ordinal);
    }

    /// <summary>Where saved weights go: float64 ones into a float64 network, others into float32.</summary>
    public static WeightPlacement ForSaved(torch.Device? device, IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        bool isDouble = TensorShape.Of(tensors).Values.Any(t => t.Type == torch.ScalarType.Float64);
        return new WeightPlacement(device ?? torch.CPU, isDouble ? torch.ScalarType.Float64 : torch.ScalarType.Float32);
    }

    /// <summary>What a caller asked for, or an error where no network can compute so.</summary>
    /// <param name="device">Null takes the CPU.</param>
    /// <param name="dataType">Float32 or Float64; on a GPU 16 bits too.</param>
    /// <exception cref="ArgumentException">The type cannot be computed in on that device.</exception>
    public static WeightPlacement For(torch.Device? device, torch.ScalarType dataType)
    {
        torch.Device chosen = device ?? torch.CPU;
        bool half = dataType is torch.ScalarType.BFloat16 or torch.ScalarType.Float16;
        if (half && chosen.type == DeviceType.CPU)
        {
            // Measured with libtorch 2.10: 100 times slower than float32, and a convolution with few output channels is off by 20 % in
            // bfloat16.
            throw new ArgumentException(
                $"A network cannot compute in {dataType} on the CPU to any use: it is slower than Float32 there, and wrong in places. "
                    + "Use Float32, or a GPU.", nameof(dataType));
        }

        return half || dataType is torch.ScalarType.Float32 or torch.ScalarType.Float64
            ? new WeightPlacement(chosen, dataType)
            : throw new ArgumentException(
                $"A network cannot compute in {dataType}; use Float32, Float64, or on a GPU BFloat16 or Float16.", nameof(dataType));
    }
}
