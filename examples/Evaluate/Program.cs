using EvaluateModel;

// Compares what a model generates with a folder of real images. See --help.
return CommandLine.Run(args, Walkthrough.Run);
