"""What Neo4j Browser is shown, written again after a change that is done."""

from pathlib import Path

import neo4j

from kg.browser import refresh_assets


def test_a_finished_load_is_not_lost_when_the_guide_cannot_be_written(tmp_path: Path) -> None:
    said: list[str] = []
    with neo4j.GraphDatabase.driver("bolt://127.0.0.1:1", max_transaction_retry_time=0, connection_timeout=1) as driver:
        refresh_assets(tmp_path, driver, said.append)
    assert len(said) == 1
    assert "kwk explore" in said[0]
    assert not (tmp_path / "assets" / "guide.html").exists()
