// How many training steps a memory saves: SiT without condition, SiT with labels, and GMem with each encoder, on the same images with the same network, steps, batches and seeds.
//   dotnet run -c Release --project benchmarks/HeadlineResult -- --images ../shared/data/cifar10-train.zip --held-out ../shared/data/cifar10-test.zip
//     [--steps 1500 --batch 64 --samples 1000 --seeds 1 --preset small --snippet-dimension 128 --encoders pca,patches,contrastive --output docs --training-images 50000]
// Under an hour on two idle cores; --preset S, B, ... and more steps want a GPU. Writes results.md and images/headline-result.png into the output folder.
using System.Globalization;
using GMem.Runtime;
using HeadlineResult;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
GMemRuntime.EnsureLoaded();
Protocol protocol = Protocol.From(new Arguments(args));
Console.WriteLine(GMemRuntime.Describe());
Console.WriteLine(protocol);
using ImageData data = ImageData.Load(protocol);
using Judge judge = new(data, protocol);
Console.WriteLine($"real images against real ones: {judge.Floor:f3}; copies among images never seen: {judge.CopiesAmongUnseen:p1}");
List<Curve> curves = [];
foreach (Contestant contestant in Contestant.All(protocol))
{
    for (int seed = 1; seed <= protocol.Seeds; seed++)
    {
        curves.Add(Race.Run(contestant, data, judge, protocol, seed));
    }
}

ResultsPage.Write(protocol, judge, curves);
return 0;
