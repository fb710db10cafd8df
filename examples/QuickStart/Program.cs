using GMem.Runtime;
Console.WriteLine(GMemRuntime.Describe());
