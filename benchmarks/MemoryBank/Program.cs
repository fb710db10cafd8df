// The memory bank at ImageNet's size, against its targets and this machine's own rates of the same minute.
//   dotnet run -c Release --project benchmarks/MemoryBank [-- --rows 1281167 --dimension 768 --rank 128 --threads 2 --folder DIR]
// Takes some minutes, 2.5 GB of memory and three times the bank's size of disk in the folder (default: the system's temporary one).
using System.Globalization;
using System.IO.Compression;
using GMem.Memory;
using GMem.Runtime;
using MemoryBankBenchmark;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Arguments arguments = new(args);
GMemRuntime.EnsureLoaded();
int rows = arguments.Number("--rows", 1_281_167);
int dimension = arguments.Number("--dimension", 768);
int rank = Math.Min(arguments.Number("--rank", 128), dimension);
torch.set_num_threads(arguments.Number("--threads", Environment.ProcessorCount));
string folder = Path.Combine(arguments.Text("--folder", Path.GetTempPath()), $"gmem-benchmark-{Guid.NewGuid():N}");
Directory.CreateDirectory(folder);
try
{
    Run();
}
finally
{
    Directory.Delete(folder, recursive: true);
}

return 0;

void Run()
{
    Report report = new(rows, dimension);
    string path = Path.Combine(folder, "bank.safetensors");
    Measured write = Meter.Once(() => SyntheticBank.Write(path, rows, dimension));
    report.Line("make a bank and write it", $"{write.Seconds:f1} s, {new FileInfo(path).Length / 1e9:f2} GB as float16");

    Rates rates = Rates.Measure();
    report.Rates(rates);

    MemoryBank? opened = null;
    Measured open = Meter.Once(() => opened = MemoryBank.Open(path));
    MemoryBank bank = opened!;
    report.Target("open", open.Seconds, 0.2, $"{open.Seconds * 1000:f1} ms");
    report.Target("  memory taken by it", open.ResidentGrowth, 100e6, $"{open.ResidentGrowth / 1e6:f1} MB resident");

    long[] indices = SyntheticBank.RandomIndices(rows, 1024);
    Measured lookUp = Meter.Median(9, () => bank.Rows(indices).Dispose());
    report.Target("1,024 random rows", lookUp.Seconds, 0.005, $"{lookUp.Seconds * 1000:f2} ms");

    using torch.Tensor queries = SyntheticBank.Queries(64, dimension);
    Measured search = Meter.Median(3, () => bank.Nearest(queries, 10));
    double flops = 2.0 * 64 * rows * dimension;
    report.Target("64 queries, 10 nearest",
        search.Seconds, 2, $"{search.Seconds:f2} s, {flops / search.Seconds / 1e9 / rates.Product:p0} of the matrix rate");

    LowRankCompression? compressed = null;
    Measured lowRank = Meter.Once(() => compressed = bank.ToLowRank(rank));
    report.Target($"low-rank {rank}", lowRank.Seconds,
        120, $"{lowRank.Seconds:f1} s; captures {compressed!.CapturedVariance:p1} of the variance, mean cosine {compressed.MeanCosine:f4}");
    report.Target("  memory taken by it", lowRank.PrivateGrowth, 1.5e9, $"{lowRank.PrivateGrowth / 1e9:f2} GB over the mapped file");
    compressed = null;

    SaveAndLoad(report, bank);
}

// As part of a model: an entry of a zip, deflated as ML.NET's are; the loaded bank is mapped from the cache folder.
void SaveAndLoad(Report report, MemoryBank bank)
{
    string zipPath = Path.Combine(folder, "model.zip");
    string cache = Path.Combine(folder, "cache");
    Measured save = Meter.Once(() =>
    {
        using ZipArchive zip = ZipFile.Open(zipPath, ZipArchiveMode.Create);
        using Stream entry = zip.CreateEntry("Memory").Open();
        bank.Save(entry);
    });
    report.Line("save into a model.zip", $"{save.Seconds:f1} s, {save.PrivateGrowth / 1e6:f0} MB of memory");

    MemoryBank? loaded = null;
    foreach (string what in new[] { "load from it, first", "load from it, again" })
    {
        Measured load = Meter.Once(() => loaded = Load(zipPath, cache));
        report.Line(what, $"{load.Seconds:f1} s, {load.PrivateGrowth / 1e6:f0} MB of memory");
    }

    report.Line("  the same bank", loaded!.ContentEquals(bank) ? "yes" : "NO");
}

static MemoryBank Load(string zipPath, string cache)
{
    using ZipArchive zip = ZipFile.OpenRead(zipPath);
    using Stream entry = zip.GetEntry("Memory")!.Open();
    return MemoryBank.Load(entry, "Memory", cache);
}
