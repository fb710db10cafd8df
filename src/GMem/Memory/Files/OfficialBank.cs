using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>Reads banks as the published GMem code saves them.</summary>
internal static class OfficialBank
{
    public static MemoryBank Read(PyTorchCheckpoint checkpoint, SnippetStorage storage) => checkpoint.Root switch
    {
        CheckpointTensor rows => Dense(checkpoint, rows, storage),
        IReadOnlyDictionary<object, object?> parts => LowRank(checkpoint, parts),
        _ => throw Wrong(checkpoint, "it holds neither a tensor [n, m] nor a dictionary"),
    };

    private static MemoryBank Dense(PyTorchCheckpoint checkpoint, CheckpointTensor rows, SnippetStorage storage)
    {
        (int count, int dimension) = Matrix(checkpoint, rows, "the bank");
        SnippetIntake intake = new(storage, dimension, count, row => row);
        RowNormalizer.ForEachPage((start, length) => checkpoint.ReadRows(rows, start, length), count, row => row, intake.Append);
        return Bank(storage, intake.Build());
    }

    /// <summary>
    /// <c>row = C M^T + mean</c>, the columns of <c>M</c> orthogonal but not of unit length. With <c>M = Q R</c> it is <c>Q (R
    /// C^T) + mean</c>, an orthonormal basis whatever the lengths are. Projecting onto it is what the published code's <c>((x -
    /// mean) M) / S</c> amounts to.
    /// </summary>
    private static MemoryBank LowRank(PyTorchCheckpoint checkpoint, IReadOnlyDictionary<object, object?> parts)
    {
        CheckpointTensor c = Part(checkpoint, parts, "C");
        CheckpointTensor m = Part(checkpoint, parts, "M");
        CheckpointTensor s = Part(checkpoint, parts, "S");
        CheckpointTensor mean = Part(checkpoint, parts, "mean");
        (int count, int rank) = Matrix(checkpoint, c, "C");
        (int dimension, int columns) = Matrix(checkpoint, m, "M");
        if (columns != rank || s.Count != rank || mean.Count != dimension || rank > dimension
            || Number(parts, "latent_dim", rank) != rank || Number(parts, "feature_dim", dimension) != dimension)
        {
            throw Wrong(
                checkpoint,
                $"C [{count}, {rank}], M [{dimension}, {columns}], S [{s.Count}], mean [{mean.Count}], "
                + "latent_dim and feature_dim do not fit each other");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor q, torch.Tensor r) = torch.linalg.qr(checkpoint.Read(m).to(torch.float64));
        LowRankStorage storage = new(Floats(checkpoint.Read(mean)), Floats(q), Floats(checkpoint.Read(s)));
        SnippetIntake intake = new(storage, dimension, count, row => row);
        RowNormalizer.ReadRows scaled = (start, length) => checkpoint.ReadRows(c, start, length).to(torch.float64).matmul(r.t());

        // The rows themselves only pass through the gate, which refuses those without a direction.
        RowNormalizer.ForEachPage(
            (start, length) => storage.Reconstruct(scaled(start, length).to(torch.float32)), count, row => row, _ => { });
        for (int start = 0; start < count; start += RowNormalizer.Page)
        {
            using DisposeScope page = torch.NewDisposeScope();
            intake.AppendVectors(scaled(start, Math.Min(RowNormalizer.Page, count - start)));
        }

        return Bank(storage, intake.Build());
    }

    private static MemoryBank Bank(SnippetStorage storage, StoredVectors vectors)
    {
        BankPart part = new(vectors, new EntryColumns(null, 0, null, null, null));
        return new MemoryBank(storage, new BankLayout([new BankSegment(part, null)]), null, vectors.Count);
    }

    private static (int Rows, int Columns) Matrix(PyTorchCheckpoint checkpoint, CheckpointTensor tensor, string name) =>
        tensor.Shape is [>= 1 and <= int.MaxValue, >= 1 and <= int.MaxValue / 8] && IsFloat(tensor)
            ? ((int)tensor.Shape[0], (int)tensor.Shape[1])
            : throw Wrong(checkpoint, $"{name} is {tensor.DataType} [{string.Join(", ", tensor.Shape)}]; expected is a float matrix");

    private static CheckpointTensor Part(PyTorchCheckpoint checkpoint, IReadOnlyDictionary<object, object?> parts, string key) =>
        parts.GetValueOrDefault(key) is CheckpointTensor tensor && IsFloat(tensor) ? tensor
            : throw Wrong(
                checkpoint,
                $"a low-rank bank has float tensors C, M, S and mean; '{key}' is missing or is none "
                + $"(there are {TextList.Of([.. parts.Keys])})");

    private static bool IsFloat(CheckpointTensor tensor) =>
        tensor.DataType is torch.ScalarType.Float32 or torch.ScalarType.Float64 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16;

    private static long Number(IReadOnlyDictionary<object, object?> parts, string key, long otherwise) =>
        parts.TryGetValue(key, out object? value) ? value as long? ?? -1 : otherwise;

    private static float[] Floats(torch.Tensor tensor) => [.. tensor.to(torch.float32).reshape(-1).contiguous().data<float>()];

    private static InvalidDataException Wrong(PyTorchCheckpoint checkpoint, string what) =>
        new($"'{checkpoint.Path}' is not a memory bank: {what}.");
}
