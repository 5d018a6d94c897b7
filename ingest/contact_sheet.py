"""One page that shows an entity's pictures with what the gates say of each: a file that needs nothing else."""

import base64
from html import escape

import neo4j

from ingest.explain import Explained, JudgedImage, figure, semantic_line
from ingest.images import Unusable
from ingest.sheet import picture

SIDE = 224  # pixels of a picture
STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #1d2330; background: #fff }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 1rem }
figure { margin: 0; padding: .6rem; border: 2px solid #d6dae2; border-radius: 6px; overflow-wrap: anywhere }
figure.chosen { border-color: #1f7a3d } figure.kept { border-color: #2f6fb5 } figure.dropped img { opacity: .45 }
.picture { height: 224px; display: flex; align-items: center; justify-content: center }
img { max-width: 100%; max-height: 224px } figcaption b { text-transform: capitalize }
small { color: #5a6272; display: block } td { padding-right: 1rem; font-variant-numeric: tabular-nums }
"""


def contact_sheet(driver: neo4j.Driver, explained: Explained) -> str:
    """Return the page of an entity. What can't be read any more has its reason in the place of the picture."""
    files = {image.sha256: image.file for image in explained.images}
    figures = "\n".join(figure_of(driver, explained.graph, image, files) for image in explained.images)
    line = semantic_line(explained.semantic, explained.why, explained.wording)
    title = escape(f"{explained.name} in {explained.graph}")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{escape(explained.name)}</h1>\n"
        f"<p>{escape(explained.id)}, {len(explained.images)} images. {escape(line)}</p>\n"
        f"<main>\n{figures}\n</main>\n</body>\n</html>\n"
    )


def figure_of(driver: neo4j.Driver, graph: str, image: JudgedImage, files: dict[str, str]) -> str:
    """Return one picture with its scores."""
    try:
        data = base64.b64encode(picture(driver, graph, image.sha256, SIDE)).decode()
        shown = f'<img alt="" src="data:image/webp;base64,{data}">'
    except Unusable as exc:
        shown = f"<small>The file {escape(str(exc))}.</small>"
    reason = image.reason
    if image.duplicate_of:
        reason = f"duplicate of {files.get(image.duplicate_of, image.duplicate_of)}"
    rows = (
        ("typicality", figure(image.typicality), image.typicality_rank),
        ("semantic", figure(image.semantic), image.semantic_rank),
        ("dHash", figure(image.dhash_score), None),
        ("CLIP", figure(image.clip_score), None),
        ("votes", str(image.votes or ""), None),
    )
    cells = "".join(
        f"<tr><td>{name}</td><td>{value}</td><td>{'' if rank is None else f'rank {rank}'}</td></tr>"
        for name, value, rank in rows
        if value
    )
    return (
        f'<figure class="{escape(image.gate)}"><div class="picture">{shown}</div><figcaption>'
        f"<b>{escape(image.gate)}</b> {escape(reason)}<small>{escape(image.file)}</small><table>{cells}</table>"
        "</figcaption></figure>"
    )
