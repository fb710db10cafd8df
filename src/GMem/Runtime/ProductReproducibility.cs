using System.Runtime.Intrinsics.X86;
using System.Text;

namespace GMem.Runtime;

/// <summary>
/// Whether a row of a matrix product has the same bits however many threads and rows the product has. On Intel's processors MKL shares a
/// long sum among threads where there are few rows (seen at sums of 1,024 and 1,536 on two threads), so that an image would depend on its
/// batch; MKL's strict mode of conditional numerical reproducibility does not, at no cost that could be measured. The variable must be set
/// before the first product. On other processors MKL never shared a sum where it was tried, and the mode might choose slower kernels: they
/// are left alone, as is a value that the user set.
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

    /// <summary>By the twelve letters with which an x86 processor names its maker.</summary>
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
