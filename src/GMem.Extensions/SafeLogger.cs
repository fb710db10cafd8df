using Microsoft.Extensions.Logging;

namespace GMem.Extensions;

/// <summary>A logger whose exceptions go nowhere: a log that fails must not end the service.</summary>
internal sealed class SafeLogger(ILogger inner) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => Try(() => inner.IsEnabled(logLevel));

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Try(() =>
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
            return true;
        });

    private static bool Try(Func<bool> action)
    {
        try
        {
            return action();
        }
        catch (Exception)
        {
            return false;
        }
    }
}
