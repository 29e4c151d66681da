"""Check minilm-l6.json against transformers: prints the smallest cosine, fails below 0.999999.

    python minilm.py MODEL_FOLDER

The embeddings come from sentence-transformers; this recomputes them with the encoder alone.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    folder = parser.parse_args().model
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    cosines = []
    for text in json.loads((Path(__file__).parent / "minilm-l6.json").read_text())["texts"]:
        encoded = tokenizer(text["text"], truncation=True, max_length=256, return_tensors="pt")
        mean = model(**encoded).last_hidden_state[0].mean(0)
        cosines.append(torch.cosine_similarity(mean, torch.tensor(text["embedding"]), dim=0).item())
    print(f"{len(cosines)} texts, smallest cosine {min(cosines):.8f}")
    sys.exit(min(cosines) < 0.999999)


if __name__ == "__main__":
    main()
