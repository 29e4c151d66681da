"""Write tiny/: small random models in the layouts of the Hub, and what transformers computes with them.

    python make_tiny.py

Every model is a folder with config.json, weights and outputs.json; the language models with a
GGUF twin hold the same weights in `*.gguf`. Weights come from a seed, wide enough that logits are
far from uniform, norms far from one and biases far from zero: a slip in the arithmetic shows.
"""

import json
import math
import shutil
import zlib
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification

OUT = Path(__file__).parent / "tiny"
MADE_BY = f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}, float32, CPU, eager attention"
VOCAB, HIDDEN, FFN, LAYERS, HEADS, KV_HEADS = 64, 32, 48, 2, 4, 2

DECODER = dict(
    vocab_size=VOCAB, hidden_size=HIDDEN, intermediate_size=FFN, num_hidden_layers=LAYERS,
    num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, hidden_act="silu",
    max_position_embeddings=256, attention_dropout=0.0, initializer_range=0.02, use_cache=True,
    bos_token_id=1, eos_token_id=2,
)
LLAMA = DECODER | dict(
    architectures=["LlamaForCausalLM"], model_type="llama", attention_bias=False, mlp_bias=False,
    pretraining_tp=1, rms_norm_eps=1e-5, tie_word_embeddings=False,
)
LLAMA3_ROPE = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=32,
)
BERT = dict(
    model_type="bert", vocab_size=VOCAB, hidden_size=HIDDEN, intermediate_size=FFN,
    num_hidden_layers=LAYERS, num_attention_heads=HEADS, hidden_act="gelu", hidden_dropout_prob=0.1,
    attention_probs_dropout_prob=0.1, initializer_range=0.02, layer_norm_eps=1e-12,
    max_position_embeddings=48, type_vocab_size=2, pad_token_id=0, position_embedding_type="absolute",
)

# name: (config.json, weight type, safetensors shards)
DECODERS = {
    "llama-plain": (
        LLAMA | dict(rope_theta=10000.0, rope_scaling=None, torch_dtype="float32"),
        torch.float32, 1),
    # The way transformers 5 writes it: `rope_parameters` and `dtype`.
    "mistral": (
        DECODER | dict(
            architectures=["MistralForCausalLM"], model_type="mistral", head_dim=8, sliding_window=None,
            rms_norm_eps=1e-5, tie_word_embeddings=False, dtype="float16",
            rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
        torch.float16, 1),
    "llama3-scaled": (
        LLAMA | dict(head_dim=16, rope_theta=10000.0, rope_scaling=LLAMA3_ROPE, torch_dtype="bfloat16"),
        torch.bfloat16, 3),
    "qwen2": (
        DECODER | dict(
            architectures=["Qwen2ForCausalLM"], model_type="qwen2", rms_norm_eps=1e-6, rope_theta=1000000.0,
            tie_word_embeddings=True, use_sliding_window=False, sliding_window=32, max_window_layers=2,
            torch_dtype="bfloat16"),
        torch.bfloat16, 1),
    "qwen3": (
        DECODER | dict(
            architectures=["Qwen3ForCausalLM"], model_type="qwen3", head_dim=16, attention_bias=False,
            rms_norm_eps=1e-6, rope_theta=1000000.0, rope_scaling=None, tie_word_embeddings=True,
            use_sliding_window=False, sliding_window=None, max_window_layers=2, torch_dtype="bfloat16"),
        torch.bfloat16, 1),
}
ENCODERS = {
    "bert-mean": (BERT | dict(architectures=["BertModel"]), torch.float32),
    "bert-cls": (BERT | dict(architectures=["BertModel"]), torch.float16),
    "bert-classifier": (
        BERT | dict(architectures=["BertForSequenceClassification"], id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0}),
        torch.bfloat16),
}


def random_weights(model, dtype, rng):
    """Seeded weights for every parameter of `model`; a tied output is left out, as checkpoints do."""
    tied = model.get_output_embeddings() if model.config.tie_word_embeddings else None
    weights = {}
    for name, parameter in model.named_parameters():
        if tied is not None and name == "lm_head.weight":
            continue
        noise = rng.standard_normal(tuple(parameter.shape))
        if name.endswith("bias"):
            noise *= 0.4
        elif "norm" in name.lower():
            noise = 1.0 + 0.4 * noise
        elif "embed" in name or "lm_head" in name:
            noise *= 0.5
        elif name == "classifier.weight":
            noise *= 2.0
        else:
            noise *= 1.3 / math.sqrt(parameter.shape[1])
        weights[name] = torch.tensor(noise).to(dtype)
    return weights


def save_safetensors(weights, folder, shards):
    if shards == 1:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names = list(weights)
    groups = [names[i * len(names) // shards:(i + 1) * len(names) // shards] for i in range(shards)]
    weight_map = {}
    for i, group in enumerate(groups):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        save_file({n: weights[n] for n in group}, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(group, file)
    total = sum(t.numel() * t.element_size() for t in weights.values())
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map}, indent=2)


def permuted(weight, heads):
    """The row order of llama.cpp's converter for q and k: rotary pairs side by side."""
    return weight.reshape(heads, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def rope_factors(config):
    """rope_freqs.weight: by how much llama.cpp divides each rotary frequency (Llama 3 scaling)."""
    scaling, dim = config["rope_scaling"], config["head_dim"]
    context = scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    factors = []
    for i in range(0, dim, 2):
        wavelength = 2 * math.pi * config["rope_theta"] ** (i / dim)
        if wavelength < context / high:
            factors.append(1.0)
        elif wavelength > context / low:
            factors.append(scaling["factor"])
        else:
            smooth = (context / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def save_gguf(name, config, weights, path, matrix_type, shard_tensors=0):
    """The same weights under llama.cpp's names; matrices as `matrix_type`, the rest as F32."""
    arch = gguf.MODEL_ARCH[config["model_type"].upper()]
    names = gguf.get_tensor_name_map(arch, LAYERS)
    head_dim = config.get("head_dim", HIDDEN // HEADS)
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[arch], split_max_tensors=shard_tensors)
    writer.add_name(name)
    writer.add_vocab_size(VOCAB)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    if config["model_type"] == "bert":
        writer.add_layer_norm_eps(config["layer_norm_eps"])
        writer.add_pooling_type(gguf.PoolingType.CLS)
        writer.add_token_type_count(config["type_vocab_size"])
    else:
        writer.add_head_count_kv(KV_HEADS)
        writer.add_rope_freq_base(config["rope_theta"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16 if matrix_type == "BF16" else gguf.LlamaFileType.ALL_F32)
    if "head_dim" in config:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    if config["model_type"] == "llama":
        writer.add_rope_dimension_count(head_dim)
    if config.get("rope_scaling"):
        writer.add_tensor("rope_freqs.weight", rope_factors(config))
    for hf_name, weight in weights.items():
        if hf_name.startswith("pooler."):  # of no use to a sentence encoder
            continue
        weight = weight.float().numpy()
        if config["model_type"] == "llama" and hf_name.endswith(("q_proj.weight", "k_proj.weight")):
            weight = permuted(weight, HEADS if "q_proj" in hf_name else KV_HEADS)
        gguf_name = names.get_name(hf_name, try_suffixes=(".weight", ".bias"))
        if matrix_type == "BF16" and weight.ndim == 2:
            packed = gguf.quantize(weight, gguf.GGMLQuantizationType.BF16)
            writer.add_tensor(gguf_name, packed, raw_dtype=gguf.GGMLQuantizationType.BF16)
        else:
            writer.add_tensor(gguf_name, np.ascontiguousarray(weight))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def digits(tensor):
    """Nested lists with six significant digits."""
    if tensor.ndim == 0:
        return float(f"{tensor.item():.6g}")
    return [digits(row) for row in tensor]


def write_json(path, value, indent=None):
    separators = None if indent else (",", ":")
    path.write_text(json.dumps(value, indent=indent, separators=separators) + "\n")


def ids(rng, length):
    return rng.integers(3, VOCAB, length).tolist()


def decoder_cases(model, rng):
    cases = []
    for length, positions in ((9, range(9)), (101, (0, 1, 31, 32, 63, 64, 99, 100))):
        tokens = [1] + ids(rng, length - 1)
        logits = model(torch.tensor([tokens])).logits[0]
        positions = list(positions)
        cases.append({"ids": tokens, "positions": positions, "logits": digits(logits[positions])})
    return cases


def encoder_cases(model, name, rng):
    cases = []
    for first, second in ((1, 0), (6, 0), (3, 5), (40, 0), (12, 28)):
        tokens = [1] + ids(rng, first) + [2] + (ids(rng, second) + [2] if second else [])
        types = [0] * (first + 2) + [1] * (second + 1 if second else 0)
        case = {"ids": tokens, "token_types": types}
        output = model(input_ids=torch.tensor([tokens]), token_type_ids=torch.tensor([types]))
        if name == "bert-classifier":
            case["class_logits"] = digits(output.logits[0])
        else:
            hidden = output.last_hidden_state[0]
            positions = sorted({0, 1, len(tokens) // 2, len(tokens) - 1})
            pooled = hidden.mean(0) if name == "bert-mean" else hidden[0] / hidden[0].norm()
            case |= {"positions": positions, "hidden": digits(hidden[positions]), "pooled": digits(pooled)}
        cases.append(case)
    return cases


def save_sentence_transformer(folder, pooling, normalize):
    kinds = ["Transformer", "Pooling"] + ["Normalize"] * normalize
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    write_json(folder / "modules.json", modules, indent=2)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 48, "do_lower_case": False}, indent=2)
    modes = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    config = {"word_embedding_dimension": HIDDEN} | {f"pooling_mode_{m}": m == pooling for m in modes}
    (folder / "1_Pooling").mkdir()
    write_json(folder / "1_Pooling" / "config.json", config, indent=2)


def words(specials):
    """A tokenizer whose words are their ids, without what frames a text: `w5 w6` is 5, 6."""
    names = list(specials) + [f"w{i}" for i in range(len(specials), VOCAB)]
    special = [{"id": i, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                "special": True} for i, name in enumerate(specials)]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": {name: i for i, name in enumerate(names)}, "unk_token": names[0]}}


def save_decoder_words(folder):
    """Words for a decoder, whose texts end with id 2."""
    write_json(folder / "tokenizer.json", words(["<unk>", "<s>", "</s>"]))
    write_json(folder / "tokenizer_config.json", {"eos_token": "</s>", "add_bos_token": False})


def save_encoder_words(folder):
    """Words for an encoder: [CLS] is 1 and [SEP] is 2."""
    tokenizer = words(["[PAD]", "[CLS]", "[SEP]"])
    token = lambda name, kind: {"SpecialToken": {"id": name, "type_id": kind}}
    text = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    single = [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)]
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing", "single": single, "pair": single + [text("B", 1), token("[SEP]", 1)],
        "special_tokens": {n: {"id": n, "ids": [i], "tokens": [n]} for i, n in ((1, "[CLS]"), (2, "[SEP]"))}}
    write_json(folder / "tokenizer.json", tokenizer)


def make(name, config, dtype, shards, auto):
    """Write config and weights, load them back with transformers, and return (model, weights, rng)."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    folder = OUT / name
    folder.mkdir()
    write_json(folder / "config.json", config, indent=2)
    shape = auto.from_config(transformers.AutoConfig.from_pretrained(folder))
    weights = random_weights(shape, dtype, rng)
    save_safetensors(weights, folder, shards)
    model, info = auto.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"], info
    return model.eval(), weights, rng


@torch.no_grad()
def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for name, (config, dtype, shards) in DECODERS.items():
        model, weights, rng = make(name, config, dtype, shards, AutoModelForCausalLM)
        write_json(OUT / name / "outputs.json", {"made_by": MADE_BY, "cases": decoder_cases(model, rng)})
        if name == "llama3-scaled":
            save_gguf(name, config, weights, OUT / name / f"{name}.gguf", "BF16", shard_tensors=12)
        elif name != "mistral":
            save_gguf(name, config, weights, OUT / name / f"{name}.gguf", "F32")
    for name, (config, dtype) in ENCODERS.items():
        auto = AutoModelForSequenceClassification if name == "bert-classifier" else AutoModel
        model, weights, rng = make(name, config, dtype, 1, auto)
        write_json(OUT / name / "outputs.json", {"made_by": MADE_BY, "cases": encoder_cases(model, name, rng)})
        if name == "bert-cls":
            save_gguf(name, config, weights, OUT / name / f"{name}.gguf", "F32")
    save_decoder_words(OUT / "llama-plain")
    save_encoder_words(OUT / "bert-classifier")
    save_sentence_transformer(OUT / "bert-mean", "mean_tokens", normalize=False)
    save_sentence_transformer(OUT / "bert-cls", "cls_token", normalize=True)


if __name__ == "__main__":
    main()
