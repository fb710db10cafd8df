using System.Runtime.Intrinsics.X86;
using System.Text;

namespace GMem.Runtime;

/// <summary>
/// Makes each row of a matrix product bit-identical however many threads and rows the product has. On Intel processors, if there are few
/// rows, MKL splits long sums between threads (seen at lengths of 1,024 and 1,536 on two threads), so an image would depend on its batch.
/// MKL's strict mode of conditional numerical reproducibility prevents this at no measurable cost. The variable must be set before the
/// first product. On the other processors tested MKL never split a sum, and the mode might choose slower kernels, so the variable is not
/// set there. A value set by the user is kept.
/// </summary>
internal static class ProductReproducibility
{
    private const string Variable = "MKL_CBWR";

    public static void Apply()
    {
        if (IsIntel())
        {
            NativeEnvironment.SetDefault(Variable, "AUTO,STRICT");
        }
    }

    public static string? Current() => NativeEnvironment.Get(Variable);

    /// <summary>Checks the twelve-character vendor string of an x86 processor.</summary>
    public static bool IsIntel()
    {
        if (!X86Base.IsSupported)
        {
            return false;
        }

        (_, int first, int last, int middle) = X86Base.CpuId(0, 0);
        return Encoding.ASCII.GetString([.. BitConverter.GetBytes(first), .. BitConverter.GetBytes(middle),
            .. BitConverter.GetBytes(last)]) == "GenuineIntel";
    }
}
