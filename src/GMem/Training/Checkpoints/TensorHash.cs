using System.Security.Cryptography;
using GMem.Weights;
using TorchSharp;

namespace GMem.Training.Checkpoints;

/// <summary>SHA-256 over the bytes of tensors.</summary>
internal static class TensorHash
{
    private const int Piece = 1 << 24;

    /// <param name="tensor">Contiguous, on the CPU.</param>
    public static string Of(torch.Tensor tensor)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, tensor);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static unsafe void Append(IncrementalHash hash, torch.Tensor tensor)
    {
        byte* source = TensorBytes.Address(tensor);
        for (long done = 0, length = TensorBytes.Length(tensor); done < length;)
        {
            int piece = (int)Math.Min(Piece, length - done);
            hash.AppendData(new ReadOnlySpan<byte>(source + done, piece));
            done += piece;
        }
    }
}
