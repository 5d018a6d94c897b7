"""The README.md by which `datasets.load_dataset(FOLDER)` knows an export's splits and the types of its columns."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = {"valid": "validation"}  # as `datasets` calls it
_MESSAGES = """dataset_info:
  features:
  - name: id
    dtype: string
  - name: messages
    list:
    - name: role
      dtype: string
    - name: content
      list:
      - name: type
        dtype: string
      - name: text
        dtype: string
  - name: images
    list: {image}
  - name: lang
    dtype: string
  - name: strategy
    dtype: string
  - name: kg
    dtype: string
"""
_PATHS = """
`images` holds paths relative to this folder. To have them as pictures:

```python
from datasets import Image, List

def absolute(row):
    return {"images": [f"{folder}/{path}" for path in row["images"]]}

dialogues = dialogues.map(absolute).cast_column("images", List(Image()))
```
"""


def card(graph: str, kind: str, dialogues: Mapping[str, int], decoded: bool) -> str:
    """Return the card of an export of `kind` messages or parquet."""
    suffix = "jsonl" if kind == "messages" else "parquet"
    named = [split for split, n in dialogues.items() if n]  # `datasets` fails on a split without rows
    files = "".join(f"  - split: {_NAMES.get(split, split)}\n    path: {split}.{suffix}\n" for split in named)
    features = _MESSAGES.format(image="image" if decoded else "string") if kind == "messages" else ""
    counts = ", ".join(f"{_NAMES.get(split, split)} {dialogues[split]:,}" for split in named)
    return (
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}{features}---\n\n"
        f"# Dialogues of the graph {graph}\n\n{counts}. A row is a dialogue: `messages` with texts and images in their "
        "order, `images`, and `kg`, the evidence of each message.\n\n"
        "```python\nfrom datasets import load_dataset\n\ndialogues = load_dataset(folder)\n```\n"
        f"{'' if decoded else _PATHS}"
    )
