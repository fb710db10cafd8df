using EditMemory;

// With no arguments: draws a data set, trains on it for a few minutes, then edits what the model remembers. See --help.
return CommandLine.Run(args, Walkthrough.Run);
