"""`kwk dialogues export`: dialogues in the formats that trainers read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option

if TYPE_CHECKING:
    from dialogue.export import Exported


@click.command("export")
@click.argument("kind", metavar="FORMAT", type=click.Choice(["llava", "sharegpt", "messages", "webdataset", "parquet"]))
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@graph_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option(
    "--images",
    type=click.Choice(["paths", "link", "copy"]),
    help="Name the pictures where they lie (default), or bring them along as hard links or copies.",
)
@click.option("--embed-images", is_flag=True, help="Put the pictures into the Parquet files.")
@click.option("--image-root", type=click.Path(path_type=Path), help="Where the pictures are now; default: as built.")
@click.option("--skip-missing", is_flag=True, help="Leave out dialogues of which a picture can't be had.")
@click.option(
    "--shard-size",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Megabytes of a shard of webdataset.",
)
@click.option("--force", is_flag=True, help="Replace an export that is there.")
@json_option
@click.pass_obj
def export(
    kwk: Kwk, /, kind: Any, folder: Path | None, graph_name: str | None, out: Path, as_json: bool, **how: Any
) -> None:
    """Write dialogues for a trainer: FORMAT is llava, sharegpt, messages, webdataset or parquet.

    llava is LLaVA's JSON; sharegpt is for LLaMA-Factory, with its dataset_info.json; messages is for TRL and whatever
    loads with Hugging Face datasets, and so is parquet, with the evidence in columns; webdataset is tar shards.
    """
    import json
    from dataclasses import asdict

    from dialogue.export import ExportSettings
    from dialogue.export import export as export_dialogues
    from dialogue.folder import choose_folder

    if how["embed_images"] and kind != "parquet":
        raise click.UsageError("--embed-images is for parquet; webdataset always holds its pictures.")
    if how["images"] and (how["embed_images"] or kind == "webdataset"):
        raise click.UsageError("--images has no meaning where the pictures are in the files themselves.")
    embeds = how["embed_images"] or kind == "webdataset"
    root = how["image_root"]
    settings = ExportSettings(
        kind,
        "embed" if embeds else how["images"] or "paths",
        how["skip_missing"],
        how["shard_size"],
        str(root) if root else None,
    )
    place = choose_folder(folder, graph_name)
    done = export_dialogues(place, out, settings, how["force"], kwk.progress)
    click.echo(json.dumps(asdict(done), ensure_ascii=False) if as_json else told(done))


def told(done: Exported) -> str:
    """Return what an export wrote, in words."""
    parts = ", ".join(f"{split} {n:,}" for split, n in done.dialogues.items())
    text = (
        f"{sum(done.dialogues.values()):,} dialogues of '{done.graph}' as {done.kind}: {parts}; {done.images:,} images "
        f"from {done.pictures:,} files. In {done.folder}"
    )
    if done.kind == "llava" and done.several_images:
        text += f". {done.several_images:,} have several images, which LLaVA-NeXT reads and LLaVA 1.5 does not"
    return text + (f". Left out: {done.skipped:,} of which a picture can't be had" if done.skipped else "")
