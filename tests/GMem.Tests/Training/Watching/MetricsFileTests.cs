using GMem.Tests.Shared;
using GMem.Training;

namespace GMem.Tests.Training.Watching;

public sealed class MetricsFileTests
{
    [Fact]
    public void ReturnTo_FileWithOtherColumns_KeepsItBesideTheNewOne()
    {
        using TemporaryFolder folder = new();
        string path = folder.File(MetricsFile.Name);
        foreach (int number in new[] { 1, 2 })
        {
            File.WriteAllText(path, $"step,mine\n1,{number}\n");
            new MetricsFile(path, ["velocity"]).ReturnTo(0);
            Assert.StartsWith("step,epoch,loss,velocity_loss", File.ReadAllText(path), StringComparison.Ordinal);
            Assert.Equal($"step,mine\n1,{number}\n", File.ReadAllText(folder.File($"metrics.{number}.csv")));
        }

        new MetricsFile(path, ["velocity"]).ReturnTo(0);
        Assert.Equal(3, Directory.GetFiles(folder.Path).Length);
    }
}
