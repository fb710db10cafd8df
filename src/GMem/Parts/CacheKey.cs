using System.Security.Cryptography;
using System.Text;
using GMem.FileFormats;

namespace GMem.Parts;

/// <summary>The SHA-256 of everything that decides a result, so that a result of the same things can be found again.</summary>
internal sealed class CacheKey : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds a setting. Its length goes in as well, so that no two lists of settings run together to the same bytes.</summary>
    public void Add(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        _hash.AppendData(BitConverter.GetBytes(bytes.Length));
        _hash.AppendData(bytes);
    }

    /// <summary>Adds a tensor: its type, its shape and its bytes.</summary>
    public void Add(torch.Tensor tensor)
    {
        Add($"{tensor.dtype} [{string.Join(", ", tensor.shape)}]");
        using torch.Tensor detached = tensor.detach();
        using torch.Tensor onCpu = detached.cpu();
        using torch.Tensor plain = onCpu.contiguous();
        TensorBytes.AppendTo(_hash, plain);
    }

    /// <summary>Adds the weights of a network, in the order of their names.</summary>
    public void Add(IReadOnlyDictionary<string, torch.Tensor> weights)
    {
        foreach ((string name, torch.Tensor tensor) in weights.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            Add(name);
            Add(tensor);
        }
    }

    /// <summary>The key of what was added, 64 hexadecimal digits.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
