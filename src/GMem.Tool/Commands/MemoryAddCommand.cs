using GMem.Images;
using GMem.Memory;
using GMem.Tool.Arguments;
using GMem.Tool.Output;
using TorchSharp;

namespace GMem.Tool.Commands;

/// <summary><c>gmem memory add</c>.</summary>
internal sealed class MemoryAddCommand : MemoryEditCommand
{
    private readonly Argument<string[]> _images = new("images")
    {
        Description = "Images to remember, files or folders.",
        Arity = ArgumentArity.OneOrMore
    };
    private readonly Option<string?> _label = new("--label")
    {
        Description = "Their label; without it, the name of an image's folder "
        + "where a folder was named."
    };

    public MemoryAddCommand(ToolConsole console)
        : base("add", "Remembers further images; the model's own encoder makes their snippets.", console,
            ["gmem memory add model.zip cat.jpg --label cat --output edited.zip"])
    {
        Arguments.Add(_images);
        Options.Add(_label);
    }

    protected override MemoryBank Edit(ParseResult parsed, GMemModel model)
    {
        ImageFile[] files = [.. parsed.GetRequiredValue(_images).SelectMany(Files)];
        string? label = parsed.GetValue(_label);
        using torch.Tensor snippets = model.Encode([.. files.Select(f => ImageReader.ReadFile(f.ImagePath))]);
        return model.Memory.Add(
            snippets, [.. files.Select(f => label ?? (f.Label.Length > 0 ? f.Label : null))], [.. files.Select(f => f.ImagePath)]);
    }

    private static IReadOnlyList<ImageFile> Files(string path) =>
        Directory.Exists(path) || path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase)
            ? ImageFolder.Enumerate(path)
            : [new ImageFile { ImagePath = path }];
}
