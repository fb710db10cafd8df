using System.Security.Cryptography;
using GMem.FileFormats;

namespace GMem.Training;

/// <summary>SHA-256 over the bytes of tensors that come in pieces.</summary>
internal static class TensorHash
{
    /// <param name="pieces">On the CPU, one after the other; disposed when they are done.</param>
    public static string Of(IEnumerable<torch.Tensor> pieces)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (torch.Tensor piece in pieces)
        {
            using (piece)
            {
                using torch.Tensor plain = piece.contiguous();
                TensorBytes.AppendTo(hash, plain);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
