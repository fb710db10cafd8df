using System.CommandLine;
using EditPictures;
using Examples.Shared;

// Needs a model and pictures: those of QuickStart by default. See --help.
Option<string> model = new("--model") { Description = "The model, a .zip.", DefaultValueFactory = _ => "output/model.zip" };
Option<string> images = new("--images")
{
    Description = "A folder or .zip of at least eight pictures to edit, with a subfolder for each label.",
    DefaultValueFactory = _ => "output/shapes.zip",
};
Option<int> seed = ConsoleProgram.Number("--seed", "Seed of everything drawn at random.", 1, 0, int.MaxValue);
Option<string> output = new("--output") { Description = "The folder for pictures.png.", DefaultValueFactory = _ => "output" };
RootCommand command = new("Varies, repairs and inverts pictures with a GMem image generator, and draws the results in one picture.")
{
    model, images, seed, output,
};
return ConsoleProgram.Run(command, args, (parsed, cancellationToken) => Walkthrough.Run(
    parsed.GetRequiredValue(model), parsed.GetRequiredValue(images), parsed.GetValue(seed), parsed.GetRequiredValue(output),
    cancellationToken));
