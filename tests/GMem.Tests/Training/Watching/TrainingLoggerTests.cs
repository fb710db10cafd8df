using GMem.Tests.Shared;
using GMem.Training;
using Microsoft.Extensions.Logging;

namespace GMem.Tests.Training.Watching;

public sealed class TrainingLoggerTests
{
    [Fact]
    public void Report_ProgressAndMessages_EachAtItsLevelAndPassedOn()
    {
        Entries logger = new();
        ProgressList next = new();
        TrainingProgress progress = new(50, 2000, 3.2, 0.12341, 0.5678, 2e-4, 1234.5, TimeSpan.FromSeconds(62))
        {
            ValidationLoss = 0.25,
            Messages =
                [new(TrainingMessageLevel.Trace, "a"), new(TrainingMessageLevel.Information, "b"), new(TrainingMessageLevel.Warning, "c")],
        };

        new TrainingLogger(logger, next).Report(progress);

        Assert.Equal(
            [
                (LogLevel.Trace, "a"),
                (LogLevel.Information, "b"),
                (LogLevel.Warning, "c"),
                (LogLevel.Information, "Step 50 of 2000 (epoch 3.20): loss 0.1234, gradient norm 0.568, learning rate 2e-4, 1234.5 "
                    + "images/s, 00:01:02 left."),
                (LogLevel.Information, "Step 50: validation loss 0.2500."),
            ],
            logger.All);
        Assert.Equal([progress], next.Reports);
    }

    private sealed class Entries : ILogger
    {
        public List<(LogLevel Level, string Text)> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add((logLevel, formatter(state, exception)));
    }
}
