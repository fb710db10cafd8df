using GMem.Runtime;

namespace GMem.Tests.Runtime;

public sealed class DeviceChoiceTests
{
    [Theory]
    [InlineData(null, true, 0, null)]
    [InlineData(null, true, 2, 0)]
    [InlineData(0, false, 2, 0)]
    [InlineData(1, false, 2, 1)]
    [InlineData(1, true, 1, null)]
    [InlineData(0, true, 0, null)]
    public void Select_Combination_GivesTheDevice(int? wanted, bool fallback, int available, int? expected) =>
        Assert.Equal(expected, DeviceChoice.Select(wanted, fallback, available));

    [Fact]
    public void Select_NoGpuAndNoFallback_SaysWhatToDo()
    {
        GMemRuntimeException error = Assert.Throws<GMemRuntimeException>(() => DeviceChoice.Select(0, false, 0));
        Assert.Equal(
            "GpuDeviceId is 0, but this process has no CUDA device (the CPU libtorch has none; build with -p:TorchBackend=cuda, or name "
            + "a CUDA libtorch with GMEM_LIBTORCH). "
            + "Choose another index, or set FallbackToCpu = true to use the CPU instead.",
            error.Message);
    }

    [Fact]
    public void Select_IndexTooLarge_NamesTheRange()
    {
        GMemRuntimeException error = Assert.Throws<GMemRuntimeException>(() => DeviceChoice.Select(3, false, 2));
        Assert.Contains("2 CUDA device(s), numbered from 0 to 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Select_NegativeIndex_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => DeviceChoice.Select(-1, true, 2));
}
