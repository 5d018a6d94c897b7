"""The schema comes up once, also when two commands bring it at the same time."""

from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import neo4j
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from kg import schema


def test_two_commands_that_migrate_at_once_both_go_on(engine: Engine, driver: neo4j.Driver) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) NOT NULL)"))
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(schema.migrate_postgres, engine) for _ in range(2)]
        done += [pool.submit(schema.migrate_neo4j, driver) for _ in range(2)]
    for job in done:
        job.result()
    assert {"image", "embedding", "batch"} <= set(inspect(engine).get_table_names())


def test_an_entity_can_not_stand_twice_in_a_graph(driver: neo4j.Driver) -> None:
    names = {row["name"] for row in driver.execute_query("SHOW CONSTRAINTS YIELD name RETURN name").records}
    assert {"entity_id", "image_sha256", "relation_path", "relation_type", "graph_name"} <= names


def test_comments_and_semicolons_of_a_cypher_file_are_understood() -> None:
    assert schema.statements("// one; two\nRETURN 1;\n\nRETURN 2;\n") == ["RETURN 1", "RETURN 2"]


def test_a_database_that_is_up_to_date_is_told_without_alembic(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    assert schema.newest_revision() == ScriptDirectory.from_config(config).get_current_head()
    assert schema.revision_of(engine) == schema.newest_revision()
    monkeypatch.setattr("alembic.command.upgrade", lambda *_: pytest.fail("asked"))
    schema.migrate_postgres(engine)
