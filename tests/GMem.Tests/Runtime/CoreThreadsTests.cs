using GMem.Autoencoders;
using GMem.Encoders;
using GMem.Latents;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Runtime;

[Collection(nameof(OperatorThreads))]
public sealed class CoreThreadsTests
{
    [Fact]
    public void For_SeveralThreads_EachPieceOnceWithOneThreadAnOperator()
    {
        int[] runs = new int[40];
        HashSet<int> threads = [], operatorThreads = [];

        // The first three pieces wait for one another, so that no thread can do all of them before the others have begun.
        using Barrier meeting = new(3);
        OperatorThreads.Run(3, () => CoreThreads.For(40, i =>
        {
            _ = Interlocked.Increment(ref runs[i]);
            Assert.True(i >= 3 || meeting.SignalAndWait(TimeSpan.FromSeconds(30)));
            lock (threads)
            {
                _ = threads.Add(Environment.CurrentManagedThreadId);
                _ = operatorThreads.Add(torch.get_num_threads());
            }
        }));
        Assert.All(runs, r => Assert.Equal(1, r));
        Assert.Equal(3, threads.Count);
        Assert.Equal([1], operatorThreads);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, threads);
    }

    [Fact]
    public void For_AFailure_IsThrownPlainAndTheNumberOfThreadsStays() => OperatorThreads.Run(2, () =>
    {
        Assert.Throws<IOException>(() => CoreThreads.For(8, i => throw new IOException("no")));
        Assert.Equal(2, torch.get_num_threads());
    });

    [Fact]
    public void Encode_OnSeveralThreads_SameAsOnOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TrainingImages images = TinyModel.Images(70);
        using SnippetEncoder encoder = TinyEncoders.DinoV2();
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        ImageEncoding encoding = new(autoencoder, encoder, (2, 2), mirror: true);
        Dictionary<string, torch.Tensor> one = encoding.Encode(images.Pixels), several = [];
        OperatorThreads.Run(2, () => several = encoding.Encode(images.Pixels));
        Assert.Equal(one.Keys.Order(), several.Keys.Order());
        Assert.All(one, t => ReferenceFolder.Close(several[t.Key], t.Value, 1e-5, 1e-3, t.Key));
    }
}
