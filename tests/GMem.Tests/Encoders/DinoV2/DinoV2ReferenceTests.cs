using System.Text.Json;
using GMem.Encoders.DinoV2;
using GMem.FileFormats;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Encoders.DinoV2;

public sealed class DinoV2ReferenceTests
{
    private const double Tokens = 1e-4;
    private const double Positions = 1e-5;

    [Fact]
    public void Files_All_AreReadBySomeCase()
    {
        string[] read =
            [.. DinoV2Reference.All().SelectMany(r => r.Native.Concat(r.Snippets).Append(r.Weights)), .. DinoV2Reference.KeyTables()];
        ReferenceFolder.RequireCases(DinoV2Reference.Folder, read, "files");
        string[] all = [.. ReferenceFolder.Files(DinoV2Reference.Folder, "*").Where(f => Path.GetFileName(f) != "README.md")];
        Assert.Equal(all, read.Order(StringComparer.Ordinal));
        Assert.All(DinoV2Reference.All(), r => Assert.True(r.Native.Count + r.Snippets.Count > 0, $"{r.Weights} is used by no case"));
    }

    [Fact]
    public void Forward_NativeCases_EqualTheReference()
    {
        List<string> cases = [];
        foreach (DinoV2Reference reference in DinoV2Reference.All())
        {
            foreach (string path in reference.Native)
            {
                using TrackedFile file = new(path);
                using DinoVisionTransformer network = Network(reference.Weights, torch.ScalarType.Float32);
                foreach (string prefix in file.Prefixes("native"))
                {
                    using DisposeScope scope = torch.NewDisposeScope();
                    CompareForward(file, prefix, network);
                    CompareActivations(file, prefix, network);
                    cases.Add(path);
                }

                file.AssertAllRead();
            }
        }

        ReferenceFolder.RequireCases(DinoV2Reference.Folder, cases, "native cases");
    }

    [Fact]
    public void Forward_InDouble_StaysDoubleAndEqualsTheReference()
    {
        List<string> cases = [];
        foreach (DinoV2Reference reference in DinoV2Reference.All())
        {
            foreach (string path in reference.Native)
            {
                using TrackedFile file = new(path);
                using DinoVisionTransformer network = Network(reference.Weights, torch.ScalarType.Float64);
                foreach (string prefix in file.Prefixes("native"))
                {
                    using DisposeScope scope = torch.NewDisposeScope();
                    DinoV2Output output = network.Forward(file.Read($"{prefix}input").to(torch.float64));
                    Assert.Equal(torch.ScalarType.Float64, output.ClassToken.dtype);
                    file.Compare($"{prefix}x_norm_clstoken", () => output.ClassToken, Tokens);
                    file.Compare($"{prefix}x_norm_patchtokens", () => output.PatchTokens, Tokens);
                    cases.Add(path);
                }
            }
        }

        ReferenceFolder.RequireCases(DinoV2Reference.Folder, cases, "native cases in double");
    }

    [Fact]
    public void Encode_SnippetCases_EqualTheReference()
    {
        List<string> cases = [];
        foreach (DinoV2Reference reference in DinoV2Reference.All())
        {
            foreach (string path in reference.Snippets)
            {
                using DisposeScope scope = torch.NewDisposeScope();
                using TrackedFile file = new(path);
                using SafetensorsFile weights = SafetensorsFile.Open(reference.Weights);
                using DinoV2Encoder encoder = DinoV2Encoder.Load(reference.Weights, DinoV2Reference.Options(weights.Config()));
                CompareSnippet(file, encoder);
                file.Exclude(name => name == "cls_token_from_01_input"); // a mistake of the public script: its input has the wrong range
                file.AssertAllRead();
                cases.Add(path);
            }
        }

        ReferenceFolder.RequireCases(DinoV2Reference.Folder, cases, "snippet cases", inSmallSet: false);
    }

    private static void CompareSnippet(TrackedFile file, DinoV2Encoder encoder)
    {
        torch.Tensor image = file.Read("image_u8");
        torch.Tensor input = encoder.Preprocess(image);
        Assert.Equal(file.Config().GetProperty("resized_to").EnumerateArray().Select(e => e.GetInt64()), input.shape[2..]);
        file.Compare("preprocessed", () => input, Positions);
        if (file.TryRead("preprocessed_crop", out torch.Tensor? crop))
        {
            torch.Tensor ours = input.narrow(2, 100, crop.shape[2]).narrow(3, 200, crop.shape[3]);
            ReferenceFolder.Close(ours, crop, Positions, 0, $"{file.Name}: preprocessed_crop");
        }

        file.Compare("pos_embed_16x16", () => encoder.SaveTensors()["pos_embed"], Positions);
        int patch = file.Config().GetProperty("patch_size").GetInt32();
        file.Compare("pos_embed_used", () => encoder.Network.Positions(input.shape[2] / patch, input.shape[3] / patch), Positions);
        file.Compare("cls_token", () => encoder.Network.Forward(input).ClassToken, Tokens);
        (torch.Tensor snippets, torch.Tensor tokens) = encoder.EncodeWithPatches(image);
        file.Compare("cls_token_normalized", () => snippets, Tokens);
        file.Compare("patch_tokens", () => tokens, Tokens);
    }

    private static void CompareForward(TrackedFile file, string prefix, DinoVisionTransformer network)
    {
        torch.Tensor input = file.Read($"{prefix}input");
        DinoV2Output output = network.Forward(input);
        file.Compare($"{prefix}x_norm_clstoken", () => output.ClassToken, Tokens);
        file.Compare($"{prefix}x_norm_regtokens", () => output.RegisterTokens, Tokens);
        file.Compare($"{prefix}x_norm_patchtokens", () => output.PatchTokens, Tokens);
        file.Compare($"{prefix}x_prenorm", () => output.PreNorm, Tokens);
        int patch = file.Config().GetProperty("patch_size").GetInt32();
        file.Compare($"{prefix}pos_embed_used", () => network.Positions(input.shape[2] / patch, input.shape[3] / patch), Positions);
        file.Compare($"{prefix}tokens_with_pos", () => network.PrepareTokens(input, null), Tokens);
        if (file.TryRead($"{prefix}masks", out torch.Tensor? masks))
        {
            file.Compare($"{prefix}masked_x_norm_patchtokens", () => network.Forward(input, masks).PatchTokens, Tokens);
        }
    }

    private static void CompareActivations(TrackedFile file, string prefix, DinoVisionTransformer network)
    {
        torch.Tensor input = file.Read($"{prefix}input");
        torch.Tensor tokens = network.PrepareTokens(input, null);
        file.Compare($"{prefix}acts.patch_embed", () => network.EmbedPatches(input), Tokens);
        for (int i = 0; i < network.blocks.Count; i++)
        {
            DinoV2Block block = network.blocks[i];
            string name = $"{prefix}acts.block{i}";
            torch.Tensor normed = block.norm1.forward(tokens);
            torch.Tensor attended = block.attn.forward(normed);
            torch.Tensor scaled = block.ls1.forward(attended);
            file.Compare($"{name}_norm1", () => normed, Tokens);
            file.Compare($"{name}_attn", () => attended, Tokens);
            file.Compare($"{name}_ls1", () => scaled, Tokens);
            torch.Tensor middle = tokens.Plus(scaled);
            file.Compare($"{name}_mlp", () => block.mlp.forward(block.norm2.forward(middle)), Tokens);
            tokens = block.forward(tokens);
            file.Compare(name, () => tokens, Tokens);
        }
    }

    private static DinoVisionTransformer Network(string weights, torch.ScalarType type)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(weights);
        DinoVisionTransformer network = new(DinoV2Reference.Options(file.Config()), new WeightPlacement(torch.CPU, type));
        StateDict.Load(network, file.ReadAll(), weights);
        return network;
    }
}
