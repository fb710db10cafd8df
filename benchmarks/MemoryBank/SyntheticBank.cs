using GMem.Memory;
using GMem.Runtime;
using TorchSharp;

namespace MemoryBankBenchmark;

/// <summary>
/// Rows that look a little like an encoder's: 1,000 classes about their own means, most of the variance in 64 directions.
/// </summary>
internal static class SyntheticBank
{
    private const int Classes = 1000;
    private const int Directions = 64;
    private const int Piece = 1 << 16;

    public static void Write(string path, int rows, int dimension)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1);
        torch.Tensor means = torch.randn([Classes, dimension], generator: generator);
        torch.Tensor directions = torch.randn([Directions, dimension], generator: generator);
        MemoryBank? bank = null;
        for (int start = 0; start < rows; start += Piece)
        {
            using DisposeScope piece = torch.NewDisposeScope();
            int[] numbers = [.. Enumerable.Range(start, Math.Min(Piece, rows - start))];
            torch.Tensor classes = torch.tensor(Array.ConvertAll(numbers, i => (long)(i % Classes)));
            torch.Tensor part = torch.randn([numbers.Length, Directions], generator: generator).matmul(directions)
                .PlusInPlace(means.index_select(0, classes))
                .PlusInPlace(torch.randn([numbers.Length, dimension], generator: generator));
            MemoryBank added = MemoryBank.FromRows(
                part,
                Array.ConvertAll(numbers, i => $"class {i % Classes:000}"),
                Array.ConvertAll(numbers, i => $"train/n{i % Classes:00000000}/n{i % Classes:00000000}_{i}.JPEG"),
                Array.ConvertAll(numbers, i => new EntryId(i)),
                SnippetStorage.Float16);
            bank = bank?.Merge(added) ?? added;
        }

        bank!.Save(path);
    }

    public static long[] RandomIndices(int rows, int count)
    {
        Random random = new(5);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextInt64(rows))];
    }

    public static torch.Tensor Queries(int count, int dimension)
    {
        using torch.Generator generator = new(7);
        return torch.randn([count, dimension], generator: generator);
    }
}
