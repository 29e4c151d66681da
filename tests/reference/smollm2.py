"""SmolLM2's reference outputs over long texts: float32 transformers on the dequantized GGUF file.

    python smollm2.py make MODEL.gguf               writes smollm2-long.json from texts/
    python smollm2.py compare MODEL.gguf DIR [--limit 1e-6]

`compare` reads DIR/context-0.npy, context-1.npy, ... (float32, one row of logits per position of that
context, full vocabulary), prints KL(transformers || DIR) for each context, and fails if the mean over
all positions exceeds the limit.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import AutoModelForCausalLM

from make_tokenizers import smollm2_tokenizer

HERE = Path(__file__).parent
JSON = HERE / "smollm2-long.json"

# name: (texts, number of tokens kept)
CONTEXTS = {
    "story and dialogue": (("prose", "dialogue", "data"), 1500),
    "films": (("films",), 800),
    "code": (("code",), 620),
    "json, csv and tables": (("data",), 720),
    "many languages": (("languages",), 880),
    "package summaries": (("packages",), 640),
}
GREEDY_PROMPTS = [
    "The lighthouse keeper's daughter stood at the window and",
    "def fibonacci(n):\n    \"\"\"",
    "{\"title\": \"Toy Story\", \"year\": 1995, \"genres\": [",
    "<|im_start|>user\nName three films by Akira Kurosawa.<|im_end|>\n<|im_start|>assistant\n",
    "Die Hauptstadt von Frankreich ist",
    "1, 2, 4, 8, 16,",
]
GREEDY_TOKENS = 32
TOP_EVERY, TOP = 50, 20


def load_model(gguf_file):
    model = AutoModelForCausalLM.from_pretrained(
        gguf_file.parent, gguf_file=gguf_file.name, dtype=torch.float32, attn_implementation="eager")
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    return model.eval()


@torch.no_grad()
def log_probabilities(model, ids):
    """(positions, vocabulary), float32 logits normalized in float64."""
    return torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), dim=-1)


@torch.no_grad()
def log_probabilities_in_chunks(model, ids, rows=128):
    """The same, `rows` positions at a time: (first position, log-probabilities)."""
    hidden = model.model(torch.tensor([ids])).last_hidden_state[0]
    for start in range(0, len(ids), rows):
        yield start, torch.log_softmax(model.lm_head(hidden[start:start + rows]).double(), dim=-1)


def digits(values, count=7):
    return [float(f"{float(v):.{count}g}") for v in values]


def context(model, tokenizer, name, texts, length):
    text = "\n\n".join((HERE / "texts" / f"{t}.txt").read_text() for t in texts)
    ids = tokenizer.encode(text, add_special_tokens=False).ids[:length]
    assert len(ids) == length, (name, len(ids))
    logprobs, tops = [0.0], []
    for start, rows in log_probabilities_in_chunks(model, ids):
        for i, row in enumerate(rows, start):
            if i + 1 < length:
                logprobs.append(row[ids[i + 1]])
            if i % TOP_EVERY == TOP_EVERY - 1 or i == length - 1:
                top = row.topk(TOP)
                tops.append({"position": i, "ids": top.indices.tolist(), "logprobs": digits(top.values)})
    return {"name": name, "text": tokenizer.decode(ids, skip_special_tokens=False), "ids": ids, "logprobs": digits(logprobs), "top": tops}


def continuation(model, tokenizer, prompt):
    prompt_ids = tokenizer.encode(prompt, add_special_tokens=False).ids
    ids, gaps = list(prompt_ids), []
    for _ in range(GREEDY_TOKENS):
        best = log_probabilities(model, ids)[-1].topk(2)
        ids.append(best.indices[0].item())
        gaps.append(best.values[0] - best.values[1])
    new = ids[len(prompt_ids):]
    return {"prompt": prompt, "prompt_ids": prompt_ids, "ids": new, "text": tokenizer.decode(new, skip_special_tokens=False), "gaps": digits(gaps, 5)}


def make(args):
    model, tokenizer = load_model(args.model), smollm2_tokenizer(args.model)
    result = {
        "model": args.model.name,
        "made_by": f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}, float32, CPU, eager attention; weights dequantized",
        "fields": "logprobs[i] = log P(ids[i] | ids before it), the first is 0; top: the likeliest tokens after `position`; gaps[k] = best minus second log-probability at greedy step k, which does not stop at an end token",
        "contexts": [context(model, tokenizer, name, *parts) for name, parts in CONTEXTS.items()],
        "greedy": [continuation(model, tokenizer, prompt) for prompt in GREEDY_PROMPTS],
    }
    JSON.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{JSON.name}: {sum(len(c['ids']) for c in result['contexts'])} tokens, {JSON.stat().st_size} bytes")


def compare(args):
    model = load_model(args.model)
    divergences, agreed = [], 0
    for n, case in enumerate(json.loads(JSON.read_text())["contexts"]):
        logits = np.load(args.folder / f"context-{n}.npy", mmap_mode="r")
        if logits.shape[0] != len(case["ids"]) or logits.dtype != np.float32:
            sys.exit(f"error: context-{n}.npy is {logits.dtype} {logits.shape}, expected {len(case['ids'])} float32 rows")
        here = []
        for start, expected in log_probabilities_in_chunks(model, case["ids"]):
            rows = torch.tensor(logits[start:start + len(expected)])
            actual = torch.log_softmax(rows.double(), dim=-1)
            here.append((expected.exp() * (expected - actual)).sum(-1))
            agreed += (expected.argmax(-1) == actual.argmax(-1)).sum().item()
        here = torch.cat(here)
        divergences.append(here)
        print(f"{case['name']:24} {len(here):5} positions   mean {here.mean():.3e}   max {here.max():.3e}")
    every = torch.cat(divergences)
    mean = every.mean().item()
    print(f"{'all':24} {len(every):5} positions   mean {mean:.3e}   max {every.max():.3e}   same best token {agreed / len(every):.4%}")
    # `not <=`, so that NaN fails.
    return 1 if not mean <= args.limit else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("make")
    command.add_argument("model", type=Path)
    command.set_defaults(run=make)
    command = commands.add_parser("compare")
    command.add_argument("model", type=Path)
    command.add_argument("folder", type=Path)
    command.add_argument("--limit", type=float, default=1e-6, help="largest mean KL divergence in nats")
    command.set_defaults(run=compare)
    args = parser.parse_args()
    sys.exit(args.run(args))


if __name__ == "__main__":
    main()
