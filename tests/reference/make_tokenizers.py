"""Write tokenizers/: small tokenizers of every kind that Docent reads, and what they do with odd texts.

    python make_tokenizers.py [--smollm2 SmolLM2-135M-Instruct.Q4_1.gguf]

Each folder holds one tokenizer twice, as tokenizer.json (Hugging Face) and as a GGUF file with
metadata only, and cases.json with the ids that the `tokenizers` package gives. They are trained on
texts/, with the exact pre-tokenizers of the model they are named after. With --smollm2, the same
texts go through the tokenizer of the real SmolLM2 into smollm2-cases.json.
"""

import argparse
import io
import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import tokenizers
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.convert_slow_tokenizer import generate_merges

HERE = Path(__file__).parent
OUT = HERE / "tokenizers"
CORPUS = [line for path in sorted((HERE / "texts").glob("*.txt")) for line in path.read_text().splitlines(True)]
MADE_BY = f"tokenizers {tokenizers.__version__}, transformers {transformers.__version__}, sentencepiece {sentencepiece.__version__}"

TEXTS = [
    "", " ", "  ", "     ", "\n", "\n\n", "\t", " \n ", "\r\n\r\n", "a", " a", "a ", "  a  b   c ",
    "Hello, world!", " Hello  world \n", "line one\nline two\r\nline three\n\n\nline four\n",
    "\tindented\n\t\ttwice\n    four spaces\n  \n\n  x",
    "1", "12", "123", "1234567890", "in 1999, 2,000 people paid $3.50 (or 12%)", "x1y22z333 ٣٤٥ ½ ² Ⅷ 1٣",
    "I'm sure they've said he'd do it; we'll see, it's Tom's, don't you're",
    "I'M SURE THEY'VE SAID HE'D DO IT; WE'LL SEE, IT'S TOM'S, DON'T YOU'RE",
    "'s 'S 'ſ ''s 'll'LL 're", "can’t won’t I’m",
    "café naïve Zürich Ångström", "cafe\u0301 nai\u0308ve Zu\u0308rich A\u030angstro\u0308m", "ﬁ ﬂ Å K … ™ ①",
    "七人の侍は一九五四年に公開された日本の映画です。", "这部电影讲述了一个普通家庭的故事。值得一看！", "영화 '기생충'은 2019년", "\u1100\u1161\u11a8 각",
    "🎬🍿 10/10 👍🏽 👨‍👩‍👧‍👦 🇩🇪 ❤️", "الفيلم يحكي قصة صديقين، ٢٠٢٤", "هَذَا نَصٌّ مُشَكَّل", "यह फ़िल्म बहुत अच्छी है", "ภาพยนตร์เรื่องนี้ดีมาก",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!", "\u0000\u0001\u0007\u001b[0m\u007f\u0085\u00a0\u2003\u200b\u2028\u3000\ufeff\ufffd", "a\u00a0b\u2003c\u3000d\u2028e\u0085f\u000bg\u001ch",
    "a\u200bb\u200dc\u00add\u202ee", "\U00020000\U0001f9d1\U0010ffff\ue000",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3, "a" * 300, " " * 70 + "x", "!" * 40 + "?!" * 10, "=-" * 30 + "\n",
    "for (i, &a) in basket.iter().enumerate() {\n    let key = if a < b { (a, b) } else { (b, a) };\n}\n",
    "def f(x):\n\treturn {'a': [1, 2.5e-3], \"b\": None}  # comment\n", "https://example.org/wsl?v=2&x=%20#install user@example.com C:\\dir\\file.txt",
    "▁under▁ _score_ ▁▁", "Ġhello Ċ Ā", "<0x0A> <0xE2> <unk> <pad>", "<s>Hello</s>", "<s> Hello </s> again</s>", "a<s>b<unk>c</s>", "[INST] <<SYS>>\nx\n<</SYS>>\n\ny [/INST]",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<|endoftext|><|endoftext|> x <|endoftext|>\n", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
    "<|im_start", "<|im_end|", "< |im_end|>", "<|IM_END|>", "<think>\nhmm\n</think>\n\nYes. <tool_call>", "{{ bos_token }}{% if x %}<|im_end|>",
    "Все счастливые семьи похожи", "¿Dónde está? «El laberinto»", "ΑΒΓ ΐ ΰ ΐ", "İstanbul ıI ß ẞ ŉ ǰ", "e\u0327\u0301 \u0344 \u0958 ô̥",
    "Toy Story (1995). Genres: Adventure, Animation, Children.", "gr8 2nite lol!!! :-) ;) <3 ¯\\_(ツ)_/¯",
]

CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA2_CHAT = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)
LLAMA3_CHAT = (
    "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def split(regex):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(regex), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def smollm():
    """Special tokens come first and are part of the vocabulary; no BOS."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>"]
    tokenizer = byte_level_bpe(
        pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]), 700, specials)
    save_bpe("smollm", tokenizer, "smollm", CHATML, bos="<|im_start|>", eos="<|im_end|>", add_bos=False)


def llama3():
    """Special tokens come last; a pre-token that is in the vocabulary is taken whole (`ignore_merges`).

    Two merges are removed, so that two words can be had by that rule only. The GGUF file leaves
    `add_bos_token` out, as early conversions of Llama 3 did: BOS is the default of `llama-bpe`.
    """
    tokenizer = byte_level_bpe(split(CONTRACTIONS + r"\p{N}{1,3}" + REST), 690)
    state = json.loads(tokenizer.to_str())
    state["model"]["ignore_merges"] = True
    state["model"]["merges"] = [m for m in state["model"]["merges"] if "".join(m) not in ("Ġthe", "ou")]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])
    bos = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(
            single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
            special_tokens=[("<|begin_of_text|>", bos)]),
    ])
    save_bpe("llama3", tokenizer, "llama-bpe", LLAMA3_CHAT, bos="<|begin_of_text|>", eos="<|eot_id|>", add_bos=None)


def qwen2():
    """NFC first; added tokens last, two of them not special; no BOS."""
    tokenizer = byte_level_bpe(split(CONTRACTIONS + r"\p{N}" + REST), 690)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in ("<tool_call>", "<think>", "</think>")])
    save_bpe("qwen2", tokenizer, "qwen2", CHATML, bos="<|endoftext|>", eos="<|im_end|>", add_bos=False)


def byte_level_bpe(pre_tokenizer, size, specials=()):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(specials), initial_alphabet=alphabet, show_progress=False))
    return tokenizer


def save_bpe(name, tokenizer, pre, chat_template, bos, eos, add_bos):
    folder = OUT / name
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {"bos_token": bos, "eos_token": eos, "chat_template": chat_template, "tokenizer_class": "PreTrainedTokenizerFast"}
    write_json(folder / "tokenizer_config.json", config, indent=2)
    write_cases(folder / "cases.json", tokenizer)

    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    types = [gguf.TokenType.NORMAL] * len(tokens)
    for i, token in tokenizer.get_added_tokens_decoder().items():
        types[i] = gguf.TokenType.CONTROL if token.special else gguf.TokenType.USER_DEFINED
    writer = gguf.GGUFWriter(folder / "tokenizer.gguf", "qwen2" if pre == "qwen2" else "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(m) for m in json.loads(tokenizer.to_str())["model"]["merges"]])
    writer.add_bos_token_id(tokenizer.token_to_id(bos))
    writer.add_eos_token_id(tokenizer.token_to_id(eos))
    if add_bos is not None:
        writer.add_add_bos_token(add_bos)
    writer.add_chat_template(chat_template)
    finish(writer)


def llama2():
    """SentencePiece BPE with byte fallback, and the tokenizer.json that the Hub has for Llama 2."""
    folder = OUT / "llama2"
    folder.mkdir(parents=True)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line.rstrip("\n") for line in CORPUS), model_writer=model, model_type="bpe", vocab_size=700,
        character_coverage=0.98, byte_fallback=True, split_digits=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, add_dummy_prefix=True,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, num_threads=1, minloglevel=2)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    vocabulary = {pieces.id_to_piece(i): i for i in range(pieces.get_piece_size())}
    scores = {piece: pieces.get_score(i) for piece, i in vocabulary.items()}
    tokenizer = Tokenizer(models.BPE(
        vocabulary, generate_merges(vocabulary, scores), unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True, "add_eos_token": False,
              "legacy": True, "chat_template": LLAMA2_CHAT, "tokenizer_class": "LlamaTokenizer"}
    write_json(folder / "tokenizer_config.json", config, indent=2)
    write_cases(folder / "cases.json", tokenizer)

    def token_type(i):
        if pieces.is_unknown(i):
            return gguf.TokenType.UNKNOWN
        if pieces.is_control(i):
            return gguf.TokenType.CONTROL
        return gguf.TokenType.BYTE if pieces.is_byte(i) else gguf.TokenType.NORMAL

    writer = gguf.GGUFWriter(folder / "tokenizer.gguf", "llama")
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(list(vocabulary))
    writer.add_token_scores(list(scores.values()))
    writer.add_token_types([token_type(i) for i in vocabulary.values()])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(LLAMA2_CHAT)
    finish(writer)


def finish(writer):
    """Metadata and one tensor that nobody reads: some readers refuse a file without any."""
    writer.add_tensor("unused", np.zeros(32, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def smollm2(path):
    """The real tokenizer, out of the GGUF file.

    transformers gives it the pre-tokenizer of GPT-2; SmolLM2's own splits digits first.
    """
    tokenizer = smollm2_tokenizer(path)
    write_cases(OUT / "smollm2-cases.json", tokenizer)


def smollm2_tokenizer(path):
    fast = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer = fast.backend_tokenizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])
    return tokenizer


def write_cases(path, tokenizer):
    cases = []
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = True
        raw_ids = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        cases.append({
            "text": text,
            "ids": ids,
            "ids_with_bos": tokenizer.encode(text, add_special_tokens=True).ids,
            "raw_ids": raw_ids,
            "decoded": tokenizer.decode(ids, skip_special_tokens=False),
            "decoded_raw": tokenizer.decode(raw_ids, skip_special_tokens=True),
        })
    write_json(path, {"made_by": MADE_BY, "cases": cases})


def write_json(path, value, indent=None):
    separators = None if indent else (",", ":")
    path.write_text(json.dumps(value, indent=indent, separators=separators, ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smollm2", type=Path, help="the GGUF file of the real SmolLM2")
    args = parser.parse_args()
    for make in (llama2, smollm, llama3, qwen2):
        shutil.rmtree(OUT / make.__name__, ignore_errors=True)
        make()
    if args.smollm2:
        smollm2(args.smollm2)


if __name__ == "__main__":
    main()
