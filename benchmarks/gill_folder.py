"""What GILL's documented command reads, made on the spot: a language model and a tower of random weights, and pictures.

facebook/opt-125m                 OPT of 125 million weights, with a byte-level tokenizer of as many entries
openai/clip-vit-base-patch16      CLIP's vision tower
datasets/cc3m_{train,val}.tsv     a caption and a file a line
data/cc3m/{training,validation}   the pictures, and what Stable Diffusion's text tower would say of each, by chance
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    OPTConfig,
    OPTForCausalLM,
)

from ingest.sample import folder as sample
from kg.rdf import read_rdf

LANGUAGE, TOWER = "facebook/opt-125m", "openai/clip-vit-base-patch16"
VOCABULARY = 50_265  # of OPT's tokenizer; its matrix has seven rows more
PAIRS = 64
PROCESSOR = {  # as it stands on the hub beside the tower
    "feature_extractor_type": "CLIPFeatureExtractor",
    **{"crop_size": 224, "size": 224, "resample": 3, "do_center_crop": True, "do_normalize": True, "do_resize": True},
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
WORDS = 14  # of a caption: with GILL's eight tokens it stays within the 32 that it pads to


def captions() -> list[tuple[str, Path]]:
    """Return pictures of the sample with what it says of whom they show."""
    source = read_rdf([sample() / "atlas.ttl"], "atlas")
    known = {entity.id: entity for entity in source.entities}
    found = []
    for image in source.images:
        entity = known[image.entity]
        text = f"A picture of {entity.name}, {entity.description or 'of which nothing is said'}"
        found.append((" ".join(text.split()[:WORDS]), sample() / image.path))
    return found[:: max(1, len(found) // PAIRS)][:PAIRS]


def write_folder(out: Path, pairs: list[tuple[str, Path]], layers: int) -> None:
    """Write all that the command reads; the vision tower has so many layers."""
    torch.manual_seed(0)
    save_language(out / LANGUAGE, [text for text, _ in pairs])
    tower = CLIPVisionModel(CLIPVisionConfig(patch_size=16, num_hidden_layers=layers))
    tower.save_pretrained(out / TOWER)
    (out / TOWER / "preprocessor_config.json").write_text(json.dumps(PROCESSOR), "utf-8")
    for split, place in (("train", "training"), ("val", "validation")):
        pictures = out / "data" / "cc3m" / place
        (pictures / "clip_embs").mkdir(parents=True)
        lines = ["caption\timage"]
        for number, (text, path) in enumerate(pairs):
            name = f"{number}.png"
            Image.open(path).convert("RGB").save(pictures / name)
            said = np.random.default_rng(number).normal(size=(77, 768)).astype(np.float32)
            np.save(pictures / "clip_embs" / f"{name}.npy", said)
            lines.append(f"{text}\t{name}")
        (out / "datasets").mkdir(exist_ok=True)
        (out / "datasets" / f"cc3m_{split}.tsv").write_text("\n".join(lines) + "\n", "utf-8")


def save_language(place: Path, texts: list[str]) -> None:
    """Save OPT's shape with random weights, and a tokenizer of its size whose last entries occur in no text."""
    OPTForCausalLM(OPTConfig()).save_pretrained(place)
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    own = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = BpeTrainer(vocab_size=4_000, special_tokens=own, initial_alphabet=sorted(ByteLevel.alphabet()))
    tokenizer.train_from_iterator(texts, trainer)
    record = json.loads(tokenizer.to_str())
    words = record["model"]["vocab"]
    words |= {f"unused{number}": number for number in range(len(words), VOCABULARY)}
    (place / "tokenizer.json").write_text(json.dumps(record), "utf-8")
    # And as OPT's own stands on the hub, which any version of transformers reads.
    merges = "\n".join(" ".join(pair) for pair in record["model"]["merges"])
    (place / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", "utf-8")
    (place / "vocab.json").write_text(json.dumps(words), "utf-8")
    marks = {"bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>"}
    kind = {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True}
    (place / "tokenizer_config.json").write_text(json.dumps(kind | marks), "utf-8")
    (place / "special_tokens_map.json").write_text(json.dumps(marks), "utf-8")


def cut_tower(out: Path, layers: int) -> None:
    """Put a tower of so many layers in the place of the one that is there."""
    processor = (out / TOWER / "preprocessor_config.json").read_bytes()
    shutil.rmtree(out / TOWER)
    CLIPVisionModel(CLIPVisionConfig(patch_size=16, num_hidden_layers=layers)).save_pretrained(out / TOWER)
    (out / TOWER / "preprocessor_config.json").write_bytes(processor)
