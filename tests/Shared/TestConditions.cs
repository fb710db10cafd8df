using GMem.Backbone;

namespace GMem.Tests.Shared;

/// <summary>The conditions of a network by their type.</summary>
public static class TestConditions
{
    extension(SiTOptions options)
    {
        public SnippetCondition? Snippet => options.Conditions.OfType<SnippetCondition>().SingleOrDefault();

        public LabelCondition? Label => options.Conditions.OfType<LabelCondition>().SingleOrDefault();
    }
}
