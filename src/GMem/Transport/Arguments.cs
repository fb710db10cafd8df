namespace GMem.Transport;

/// <summary>Checks of arguments that several classes share.</summary>
internal static class Arguments
{
    public static void CheckDefined<T>(T value, string name)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"Not one of {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }

    public static void CheckSameShape(torch.Tensor a, torch.Tensor b, string nameOfA, string nameOfB)
    {
        if (!a.shape.AsSpan().SequenceEqual(b.shape))
        {
            throw new ArgumentException(
                $"The {nameOfA} is [{string.Join(", ", a.shape)}] and the {nameOfB} [{string.Join(", ", b.shape)}]; they must have the "
                    + "same shape.");
        }
    }
}
