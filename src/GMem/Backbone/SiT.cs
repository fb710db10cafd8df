namespace GMem.Backbone;

/// <summary>skeleton</summary>
public sealed class SiT
{
}
