using LatentImages;

// With no arguments: draws pictures, encodes them with tiny random networks of the official layouts, trains, generates. See --help for real
// ones.
return CommandLine.Run(args, Walkthrough.Run);
