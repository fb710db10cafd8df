using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using GMem.Distributed;
using TorchSharp;

namespace GMem.DistributedTests;

/// <summary>
/// NCCL against a stub of its C interface, in which ranks are threads and tensors are in main memory; no GPU is needed.
/// </summary>
public sealed class NcclTests : IDisposable
{
    private const int RemoteError = 6;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly CompiledStub _stub = new("nccl");
    private readonly NcclLibrary _nccl;

    public NcclTests() => _nccl = NcclLibrary.Load(["libnone.so.7", _stub.Path])!;

    public void Dispose() => _stub.Dispose();

    [Fact]
    public void Load_NoSuchLibrary_IsNull() => Assert.Null(NcclLibrary.Load(["libnone.so.7"]));

    /// <summary>libtorch may lack NCCL.</summary>
    [Fact]
    public void Load_ALibraryWithoutNccl_IsNull() => Assert.Null(NcclLibrary.Load(["libc.so.6"]));

    /// <summary>The stub refuses an id of which any byte is another.</summary>
    [Fact]
    public void Join_WithAnIdThatIsPassedByValue_ReceivesAllOfIt()
    {
        NcclUniqueId id = _nccl.UniqueId();
        Assert.Equal(128, Marshal.SizeOf<NcclUniqueId>());
        Assert.NotEqual(0, _nccl.Join(1, id, 0));
        id[NcclUniqueId.Length - 1] ^= 1;
        IOException e = Assert.Throws<IOException>(() => _nccl.Join(1, id, 0));
        Assert.Equal("ncclCommInitRank failed: invalid argument to the stub (NCCL error 4).", e.Message);
    }

    [Theory]
    [InlineData(2, 11)]
    [InlineData(3, 11)]
    [InlineData(3, 100_003)]
    [InlineData(3, 2)]
    public void SumSegments_OfRanks_GivesEachTheSumOfItsSegment(int size, int count)
    {
        Segments segments = new(count, 1, size);
        torch.Tensor[] all = [.. Enumerable.Range(0, size).Select(rank => Numbers(count, rank))];
        float[] sum = [.. Enumerable.Range(0, count).Select(i => all.Sum(t => t.data<float>()[i]))];
        float[][] own = [.. all.Select(t => t.data<float>().ToArray())];
        OnRanks(size, (rank, group) => group.SumSegments(all[rank], segments));
        for (int rank = 0; rank < size; rank++)
        {
            (int begin, int end) = ((int)segments.Begin(rank), (int)(segments.Begin(rank) + segments.Length(rank)));
            float[] expected = [.. own[rank][..begin], .. sum[begin..end], .. own[rank][end..]];
            Assert.Equal(expected, all[rank].data<float>().ToArray());
        }

        // One group: NCCL does what it holds at the same time.
        Assert.Equal(Math.Min(size, count), Export<GetNumber>("stubLastGroup")());

        OnRanks(size, (rank, group) => group.GatherSegments(all[rank], segments));
        Assert.All(all, t => Assert.Equal(sum, t.data<float>().ToArray()));
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    public void Broadcast_OfATensorOfAnyType_GivesAllTheRoots(int size, int root)
    {
        torch.Tensor[] all = [.. Enumerable.Range(0, size).Select(rank => torch.full([3, 5], 100L + rank, torch.int64))];
        OnRanks(size, (rank, group) => group.Broadcast(all[rank], root));
        Assert.All(all, t => Assert.All(t.data<long>().ToArray(), n => Assert.Equal(100L + root, n)));
    }

    [Fact]
    public void Broadcast_OfATensorThatIsNotContiguous_IsRefused()
    {
        NcclGroup group = new(_nccl, 1, 0, _nccl.UniqueId());
        using torch.Tensor whole = torch.zeros(4, 4);
        using torch.Tensor turned = whole.t();
        _ = Assert.Throws<ArgumentException>(() => group.Broadcast(turned, 0));
    }

    [Fact]
    public void Broadcast_FromARankThatIsNotThere_SaysWhatNcclSays()
    {
        NcclGroup group = new(_nccl, 1, 0, _nccl.UniqueId());
        using torch.Tensor numbers = torch.zeros(4);
        IOException e = Assert.Throws<IOException>(() => group.Broadcast(numbers, 3));
        Assert.Equal("ncclBroadcast failed: invalid argument to the stub (NCCL error 4).", e.Message);
    }

    /// <summary>What fails after a call has returned is noticed at the next one, and nothing waits for it any more.</summary>
    [Fact]
    public void Operation_OnACommunicatorThatFailedMeanwhile_SaysSoAndAborts()
    {
        NcclGroup group = new(_nccl, 1, 0, _nccl.UniqueId());
        using torch.Tensor numbers = torch.zeros(4);
        group.Broadcast(numbers, 0);
        Export<Fail>("stubFail")(group.Communicator, RemoteError);
        IOException e = Assert.Throws<IOException>(() => group.Broadcast(numbers, 0));
        Assert.Equal("an operation of NCCL failed: remote process exited (stub) (NCCL error 6).", e.Message);
        Assert.Equal(1, Export<IsAborted>("stubIsAborted")(group.Communicator));
    }

    [Theory]
    [InlineData(true, "a 0", "a 1", "b 0")]
    [InlineData(false, "a 0", "a 0", "b 0")]
    [InlineData(false, "a 0", "a 1", "")]
    [InlineData(false, "", "")]
    public void IsPossible_OfRanksThatShareAGpuOrLackNccl_IsFalse(bool expected, params string[] places) =>
        Assert.Equal(expected, NcclGroup.IsPossible(places));

    /// <summary>Both ranks have the same GPU, so they agree on main memory before anything is asked of NCCL.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_RanksThatShareAGpuOrLackNccl_IsNull(bool hasNccl)
    {
        RankLaunch launch = new(2)
        {
            Environment = new Dictionary<string, string> { [NcclLibrary.LibraryVariable] = hasNccl ? _stub.Path : "none" },
        };
        Assert.Equal(
            [$"0 {hasNccl} True", $"1 {hasNccl} True"], RankRun.Of(launch, "nccl").RequireSuccess().Of("nccl").Order());
    }

    private static torch.Tensor Numbers(int count, int rank) =>
        torch.arange(count, dtype: torch.float32).remainder(torch.tensor(97 + rank));

    /// <summary>Does something on each rank, a thread with a communicator of its own.</summary>
    private void OnRanks(int size, Action<int, NcclGroup> action)
    {
        NcclUniqueId id = _nccl.UniqueId();
        ConcurrentQueue<Exception> faults = [];
        Thread[] threads =
        [
            .. Enumerable.Range(0, size).Select(rank => new Thread(() =>
            {
                try
                {
                    action(rank, new NcclGroup(_nccl, size, rank, id));
                }
                catch (Exception e)
                {
                    faults.Enqueue(e);
                }
            }) { IsBackground = true }),
        ];
        Array.ForEach(threads, t => t.Start());
        Assert.All(threads, t => Assert.True(t.Join(Limit), "a rank waits for ever"));
        Assert.Empty(faults);
    }

    private T Export<T>(string name)
        where T : Delegate =>
        Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(NativeLibrary.Load(_stub.Path), name));

    private delegate int GetNumber();

    private delegate void Fail(nint communicator, int failure);

    private delegate int IsAborted(nint communicator);
}
