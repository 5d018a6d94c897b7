"""Settings of the commands: small frozen dataclasses, checked when they are made."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Where the two stores are. An address that is None means: run that server ourselves, under `home`."""

    home: Path
    neo4j_uri: str | None = None
    neo4j_user: str = "neo4j"
    neo4j_password: str | None = field(default=None, repr=False)
    database_url: str | None = field(default=None, repr=False)  # may hold a password
    java: str | None = None  # a Java of the user's own, 21 or newer
    maven_repository: str | None = None  # a mirror to fetch Neo4j's jars from


@dataclass(frozen=True, slots=True)
class Neo4jAddress:
    """How to reach Neo4j over Bolt. `browser` is the address of Neo4j Browser where it is known."""

    uri: str
    user: str
    password: str = field(repr=False)
    browser: str | None = None


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """How to reach Postgres. `url` carries no password: postgresql://user@host:port/database."""

    url: str
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The stores that a command talks to. `assets` is the address of the static server, without a final slash."""

    neo4j: Neo4jAddress
    postgres: PostgresAddress
    assets: str | None = None
