using GMem.Runtime;
using GMem.Tests.Shared;

namespace GMem.Tests.Runtime;

public sealed class NativeLoaderTests
{
    private static readonly NativeNames Names = NativeNames.ForThisSystem();

    [Fact]
    public void FindNamed_FolderWithoutLibTorch_SaysWhereToPoint()
    {
        using TemporaryFolder folder = new();
        GMemRuntimeException error = Assert.Throws<GMemRuntimeException>(() => NativeLoader.FindNamed(Names, folder.Path));
        Assert.StartsWith(
            $"GMEM_LIBTORCH names '{folder.Path}', but there is no {Names.TorchCpu} in it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FindNamed_NoSuchFolder_SaysSo()
    {
        GMemRuntimeException error = Assert.Throws<GMemRuntimeException>(() => NativeLoader.FindNamed(Names, "no-such-folder"));
        Assert.StartsWith("GMEM_LIBTORCH names 'no-such-folder', which is not a folder.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/home/me/app/TorchSharp.dll")]
    [InlineData("/home/me/torchsharp/0.107.0/other/net8.0/TorchSharp.dll")]
    [InlineData("")]
    public void PackageFolders_AssemblyOfAnApplication_AreNone(string assembly) => Assert.Empty(NativeLoader.PackageFolders(assembly));

    [Fact]
    public void PackageFolders_AssemblyInThePackages_AreThoseOfTorchSharpAndLibTorch()
    {
        string[] folders = [.. NativeLoader.PackageFolders("/root/.nuget/packages/torchsharp/0.107.0/lib/net8.0/TorchSharp.dll")];
        Assert.Equal(
            [
                $"/root/.nuget/packages/torchsharp/0.107.0/runtimes/{NativeNames.RuntimeId}/native",
                $"/root/.nuget/packages/{Names.CpuPackage}/2.10.0/runtimes/{NativeNames.RuntimeId}/native",
            ],
            folders.Select(f => f.Replace('\\', '/')));
    }

    [Theory]
    [InlineData("")]
    [InlineData("lib")]
    [InlineData("torch/lib")]
    public void FindNamed_ItOrItsLibFolder_IsFound(string below)
    {
        using TemporaryFolder folder = new();
        string expected = Path.Combine(folder.Path, below);
        _ = Directory.CreateDirectory(expected);
        File.WriteAllText(Path.Combine(expected, Names.TorchCpu), "");
        Assert.Equal(Path.GetFullPath(expected), Path.GetFullPath(NativeLoader.FindNamed(Names, folder.Path)));
    }

    [Fact]
    public void FindBesideApplication_Nowhere_NamesPackageAndVariable()
    {
        using TemporaryFolder folder = new();
        GMemRuntimeException error = Assert.Throws<GMemRuntimeException>(() => NativeLoader.FindBesideApplication(Names, [folder.Path]));
        Assert.Contains($"no {Names.TorchCpu} in '{folder.Path}'", error.Message, StringComparison.Ordinal);
        Assert.Contains($"dotnet add package {Names.CpuPackage} --version 2.10.0", error.Message, StringComparison.Ordinal);
        Assert.Contains("GMEM_LIBTORCH", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadLibTorch_DamagedFile_NamesItAndTheCure()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, Names.TorchCpu), "not a library");
        GMemRuntimeException error = Assert.Throws<GMemRuntimeException>(() => NativeLoader.LoadLibTorch(Names, folder.Path));
        Assert.Contains($"'{Names.TorchCpu}' does not load", error.Message, StringComparison.Ordinal);
        Assert.Contains("dotnet restore --force", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.InnerException);
    }

    [Fact]
    public void Describe_Loaded_NamesVersionsDevicesAndThreads()
    {
        string text = GMemRuntime.Describe();
        foreach (string name in new[] { "GMem", "TorchSharp", ".NET", "System", "libtorch", "Threads", "Devices" })
        {
            Assert.Contains(text.Split(Environment.NewLine), line => line.StartsWith(name + " ", StringComparison.Ordinal));
        }

        Assert.Contains("2.10.0", text, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenMpPolicy_AfterLoading_IsPassiveOrTheUsersOwn() =>
        Assert.False(string.IsNullOrEmpty(OpenMpPolicy.Current()));
}
