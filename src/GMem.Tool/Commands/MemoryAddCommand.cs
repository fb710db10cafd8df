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
        Description = "Images to remember: files, folders, archives or lists.",
        Arity = ArgumentArity.OneOrMore
    };
    private readonly Option<string?> _label = new("--label")
    {
        Description = "Their label; without it, that of each image in its folder, "
        + "archive or list."
    };

    private readonly Option<bool> _listSkipped = CommonOptions.ListSkipped();

    public MemoryAddCommand(ToolConsole console)
        : base("add", "Remembers further images; the model's own encoder makes their snippets.", console,
            ["gmem memory add model.zip cat.jpg --label cat --output edited.zip"])
    {
        Arguments.Add(_images);
        Options.Add(_label);
        Options.Add(_listSkipped);
    }

    protected override MemoryBank Edit(ParseResult parsed, GMemModel model)
    {
        ImageFile[] files = [.. parsed.GetRequiredValue(_images).SelectMany(
            path => Files(path, model.ImageShape, parsed.GetValue(_listSkipped)))];
        string? label = parsed.GetValue(_label);
        using torch.Tensor snippets = model.EncodeFiles([.. files.Select(f => f.ImagePath)]);
        return model.Memory.Add(
            snippets, [.. files.Select(f => label ?? (f.Label.Length > 0 ? f.Label : null))], [.. files.Select(f => f.ImagePath)]);
    }

    protected override IEnumerable<string?> Inputs(ParseResult parsed) => parsed.GetRequiredValue(_images);

    private IReadOnlyList<ImageFile> Files(string path, ImageShape shape, bool listed)
    {
        if (!ImageCollection.IsCollection(path))
        {
            return [new ImageFile { ImagePath = path }];
        }

        ImageAccount account = new(ImageCollection.Enumerate(path));
        account.ReadAll(shape);
        account.Warn(ToolConsole);
        ToolConsole.Note(account.Text(listed));
        return account.Readable;
    }
}
