using System.CommandLine;
using Examples.Shared;
using FineTune;

// Needs a model of shapes: that of QuickStart by default. See --help.
Option<string> model = new("--model") { Description = "The model, a .zip.", DefaultValueFactory = _ => "output/model.zip" };
Option<int> steps = ConsoleProgram.Number("--steps", "Training steps of each way.", 100, 1, 1_000_000);
Option<int> seed = ConsoleProgram.Number("--seed", "Seed of everything drawn at random.", 1, 0, int.MaxValue);
Option<string> output = new("--output") { Description = "The folder for what is written.", DefaultValueFactory = _ => "output" };
RootCommand command = new("Teaches a GMem image generator stars: all of it, a part of it, and by a low-rank adapter.")
{
    model, steps, seed, output,
};
return ConsoleProgram.Run(command, args, (parsed, cancellationToken) => Walkthrough.Run(
    parsed.GetRequiredValue(model), parsed.GetValue(steps), parsed.GetValue(seed), parsed.GetRequiredValue(output), cancellationToken));
