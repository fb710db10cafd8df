using System.CommandLine;
using Examples.Shared;
using WebGallery;

// Serves a page on which a model draws on request. Needs a model: the one of QuickStart by default. See --help.
Option<string> model = new("--model") { Description = "The model to draw with, a .zip.", DefaultValueFactory = _ => "output/model.zip" };
Option<int> port = ConsoleProgram.Number("--port", "Port of the page on this machine; 0 picks one.", 5080, 0, 65535);
RootCommand command = new("Serves a page on which a GMem model draws on request, from a memory or between two, with previews.") { model,
    port };
return ConsoleProgram.Run(
    command, args, (parsed, cancellationToken) => Gallery.Run(parsed.GetRequiredValue(model), parsed.GetValue(port), cancellationToken));
