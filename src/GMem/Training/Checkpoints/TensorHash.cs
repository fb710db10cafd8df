using System.Security.Cryptography;
using GMem.Weights;
using TorchSharp;

namespace GMem.Training.Checkpoints;

/// <summary>SHA-256 over the bytes of tensors.</summary>
internal static class TensorHash
{
    private const int Piece = 1 << 24;

    /// <param name="pieces">On the CPU, one after the other; disposed when they are done.</param>
    public static string Of(IEnumerable<torch.Tensor> pieces)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (torch.Tensor piece in pieces)
        {
            using (piece)
            {
                using torch.Tensor plain = piece.contiguous();
                Append(hash, plain);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <param name="hash">Takes the bytes.</param>
    /// <param name="tensor">Contiguous, on the CPU.</param>
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
