"""`kwk trace`."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option


@click.command()
@click.argument("answer")
@click.option("--publish", is_flag=True, help="Bring the answer into the graph as a node, to be seen in Browser.")
@graph_option
@json_option
@click.pass_obj
def trace(kwk: Kwk, answer: str, publish: bool, graph_name: str | None, as_json: bool) -> None:
    """Follow ANSWER, an answer's id or a published turn's, back to edges, turns and gates; Cypher for each step."""
    from kg.graph_commands import chosen
    from kg.stores import open_stores
    from retrieval.journal import Journal, is_id
    from retrieval.publish import publish_answer
    from retrieval.trace import told, trace_answer, trace_turn

    with open_stores(kwk) as stores:
        if is_id(answer):
            row = Journal(stores.engine, "").find(answer)
            found = trace_answer(stores.driver, row)
            if publish:
                found = replace(found, steps=(*found.steps, publish_answer(stores.driver, row)))
        elif publish:
            raise click.UsageError("--publish takes an answer's id; turns are published by `kwk dialogues publish`.")
        else:
            found = trace_turn(stores.driver, chosen(kwk, stores.driver, graph_name), answer)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2, default=str))
    else:
        click.echo("\n".join(told(found)))
