namespace GMem.Extensions;

/// <summary>What a call meets when the queue of an <see cref="ImageService"/> is full.</summary>
public enum QueueFullMode
{
    /// <summary>The call waits for its turn, however many are waiting.</summary>
    Wait,

    /// <summary>The call is refused at once with a <see cref="ServiceBusyException"/>.</summary>
    Refuse,
}
