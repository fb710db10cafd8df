using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("GMem.Tests")]
[assembly: InternalsVisibleTo("TrainingStep")]
[assembly: InternalsVisibleTo("Gpu")]
[assembly: InternalsVisibleTo("HeadlineResult")]
[assembly: InternalsVisibleTo("Evaluation")]
[assembly: InternalsVisibleTo("MemoryBank")]
[assembly: InternalsVisibleTo("GMem.MLNet.Tests")]
[assembly: InternalsVisibleTo("GMem.DistributedTests")]
[assembly: InternalsVisibleTo("GMem.RankProcess")]
