using QuickStart;

// With no arguments: draws a data set, trains on it for a few minutes, saves, loads, generates. See --help.
return CommandLine.Run(args, Walkthrough.Run);
