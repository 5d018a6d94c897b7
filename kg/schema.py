"""Bring both stores to the present schema: numbered Cypher files for Neo4j, Alembic revisions for Postgres."""

from importlib.resources import files

import neo4j
from sqlalchemy import Engine, text

MIGRATION_LOCK = 0x6B776B  # any constant: two processes that migrate at once wait for each other


def migrate_neo4j(driver: neo4j.Driver) -> None:
    """Run the Cypher files that this database has not seen, in the order of their numbers. Each is idempotent."""
    done = {row["name"] for row in driver.execute_query("MATCH (m:Migration) RETURN m.name AS name").records}
    scripts = sorted(files("migrations").joinpath("neo4j").iterdir(), key=lambda script: script.name)
    for script in scripts:
        if script.name.endswith(".cypher") and script.name not in done:
            for statement in statements(script.read_text("utf-8")):
                driver.execute_query(statement)
            driver.execute_query("CALL db.awaitIndexes(120)")
            driver.execute_query("MERGE (m:Migration {name: $name}) ON CREATE SET m.at = datetime()", name=script.name)


def statements(script: str) -> list[str]:
    """Split a Cypher file at its semicolons; lines that begin with // are comments."""
    lines = (line for line in script.splitlines() if not line.lstrip().startswith("//"))
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def migrate_postgres(engine: Engine) -> None:
    """Run the Alembic revisions that this database has not seen; concurrent callers take turns."""
    if revision_of(engine) == newest_revision():
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision_of(engine: Engine) -> str | None:
    """Return the revision that a database is at; None where it has seen none."""
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def newest_revision() -> str:
    """Return the newest revision, by the number that its file's name begins with. Alembic itself takes long to ask."""
    names = (script.name for script in files("migrations").joinpath("versions").iterdir())
    return max(name.partition("_")[0] for name in names if name[0].isdigit())
