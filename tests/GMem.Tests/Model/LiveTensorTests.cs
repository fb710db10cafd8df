using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>
/// The number of this thread's live tensors does not grow. The thread's count, unlike the process's, has no part in what other tests do.
/// </summary>
public sealed class LiveTensorTests
{
    [Fact]
    public void Fit_StepsAndGeneration_LeaveNoTensorsBehind()
    {
        List<long> live = [];
        ProgressList progress = new() { OnReport = _ => live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount) };
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 12), progress);
        Assert.Single(live.Skip(2).Distinct());

        TinyModel.Generate(model, new GenerationRequest(1));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++)
        {
            TinyModel.Generate(model, new(i), new(i + 100));
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData("memory.safetensors")]
    [InlineData("encoder.safetensors")]
    [InlineData("network.safetensors")]
    public void Load_DamagedEntry_LeavesNoTensorsBehind(string entry)
    {
        using GMemModel model = TinyModel.Train();
        MemoryArchive archive = new();
        model.Save(archive);
        archive.Entries[entry] = archive.Entries[entry][..^16];
        Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Dispose_Model_FreesEveryTensor()
    {
        TinyModel.Train().Dispose();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        GMemModel model = TinyModel.Train();
        MemoryArchive archive = new();
        model.Save(archive);
        model.Dispose();
        GMemModel.Load(archive, torch.CPU).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
