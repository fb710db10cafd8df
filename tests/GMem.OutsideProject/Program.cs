// A user's program in a process of its own: GMem.OutsideProject <model> [register]. Loads the model, with or without registering the parts
// first, and
// prints what it makes of the seeds 4 and 9, or the error.
using GMem.MLNet;
using GMem.OutsideProject;
using GMem.Runtime;
using TorchSharp;

GMemRuntime.EnsureLoaded();
torch.set_num_threads(1);
if (args is [_, "register"])
{
    OutsideParts.Register();
}

try
{
    using GMemTransformer transformer = GMemTransformer.Load(args[0]);
    Array.ForEach(Pictures.Of(transformer.Model, 4, 9), Console.WriteLine);
}
catch (InvalidDataException e)
{
    Console.WriteLine(e.Message);
}
