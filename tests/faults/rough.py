"""The stores of a home whose servers get killed: opened whatever became of them, and compared whole."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo4j
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from kg import graph, schema, vectors
from kg.services import ensure
from kg.settings import ServiceSettings


def open_stores(home: Path) -> neo4j.Driver:
    """Start what is not running, bring the schema up to date and return Neo4j."""
    addresses = ensure(ServiceSettings(home), print)
    engine = vectors.connect(addresses.postgres)
    schema.migrate_postgres(engine)
    engine.dispose()
    driver = graph.connect(addresses.neo4j)
    schema.migrate_neo4j(driver)
    return driver


@dataclass(frozen=True, slots=True)
class State:
    """All that both stores hold: what is exact as lines, and features, whose last bits depend on the batch."""

    lines: list[str]
    features: dict[tuple[str, bytes], NDArray[np.float32]]  # (space, sha256) -> (D,)

    def same(self, other: "State") -> bool:
        """Say whether two loads left the same."""
        return (
            self.lines == other.lines
            and self.features.keys() == other.features.keys()
            and all(float(np.abs(vector - other.features[key]).max()) < 0.01 for key, vector in self.features.items())
        )


def state(home: Path, name: str) -> State:
    """Return all that both stores hold of a graph, comparable between two loads."""
    driver = open_stores(home)
    nodes, _, _ = driver.execute_query(
        "MATCH (n {graph: $g}) RETURN labels(n) AS labels, properties(n) AS properties", g=name
    )
    edges, _, _ = driver.execute_query(
        "MATCH (a {graph: $g})-[r]->(b) RETURN a.id AS a, type(r) AS type, coalesce(b.id, b.sha256) AS b, "
        "properties(r) AS properties",
        g=name,
    )
    driver.close()
    lines = [json.dumps([sorted(row["labels"]), exact(row["properties"])], sort_keys=True) for row in nodes]
    lines += [json.dumps([row["a"], row["type"], row["b"], exact(row["properties"])], sort_keys=True) for row in edges]
    engine = vectors.connect(ensure(ServiceSettings(home), print).postgres)
    with engine.connect() as connection:
        lines += [str(tuple(row)) for row in connection.execute(text("SELECT * FROM image"))]
        rows = connection.execute(text("SELECT space, sha256, vector::text FROM embedding")).all()
    engine.dispose()
    features = {(row[0], bytes(row[1])): np.fromstring(row[2][1:-1], np.float32, sep=",") for row in rows}
    return State(sorted(lines), features)


def exact(properties: dict[str, Any]) -> dict[str, str]:
    """Return properties as text, without scores of features and ranks by them."""
    return {key: str(value) for key, value in properties.items() if not isinstance(value, float) and "rank" not in key}
