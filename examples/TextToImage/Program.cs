using TextToImage;

// With no arguments: draws a data set, trains a classifier of text and a generator, saves both as one model.zip, loads it and turns some
// texts into images. See --help.
return CommandLine.Run(args, Walkthrough.Run);
