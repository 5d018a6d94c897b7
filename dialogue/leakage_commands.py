"""`kwk dialogues leakage`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from kg.graph_commands import graph_option, json_option


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@graph_option
@json_option
def leakage(folder: Path | None, graph_name: str | None, as_json: bool) -> None:
    """Count how much of valid and test is in train already, into leakage.json: facts, questions, images, entities."""
    from dialogue.folder import choose_folder
    from dialogue.leakage import write_leakage

    found = write_leakage(choose_folder(folder, graph_name))
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(told(found)))


def told(found: dict[str, Any]) -> list[str]:
    """Return the report to read: a line for each way to leak, a column for each format."""
    from dialogue.leakage import LINES

    rounds = ", ".join(f"{split} {count:,}" for split, count in found["rounds"].items())
    lines = [f"Split by {found['split'].get('name') or found['split']['by']}; rounds: {rounds}."]
    for split, groups in found["leakage"].items():
        if not groups:
            continue
        lines += ["", "".join([f"{f'{split}, % of rounds':21}", *(f"{group:>9}" for group in groups)])]
        lines.append("".join([f"{'rounds':21}", *(f"{shares['rounds']:>9,}" for shares in groups.values())]))
        for line in LINES:
            shares = "".join(f"{100 * shares[line]:>9.2f}" for shares in groups.values())
            lines.append(f"{line:21}{shares}  {LINES[line]}")
    return lines
