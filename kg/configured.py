"""Stores of the user's own: those that KWK_NEO4J_URI and KWK_DATABASE_URL name."""

from urllib.parse import unquote, urlsplit, urlunsplit

from kg.errors import ServiceError
from kg.neo4j_server import query_version
from kg.postgres_server import query_versions
from kg.settings import Neo4jAddress, PostgresAddress, ServiceSettings


def configured_neo4j(settings: ServiceSettings) -> Neo4jAddress | None:
    """Return the Neo4j that the user named, or None if we run it ourselves."""
    if settings.neo4j_uri is None:
        return None
    if settings.neo4j_password is None:
        raise ServiceError(f"Neo4j at {settings.neo4j_uri} needs a password: set KWK_NEO4J_PASSWORD.")
    return Neo4jAddress(settings.neo4j_uri, settings.neo4j_user, settings.neo4j_password)


def configured_postgres(settings: ServiceSettings) -> PostgresAddress | None:
    """Return the Postgres that the user named, its password taken out of the URL, or None if we run it ourselves."""
    if settings.database_url is None:
        return None
    try:
        parts = urlsplit(settings.database_url)
        host = parts.hostname or "localhost"
        place = f"[{host}]" if ":" in host else host
        place += f":{parts.port}" if parts.port else ""
    except ValueError:
        parts = urlsplit("")
    if parts.scheme.split("+")[0] not in ("postgres", "postgresql") or len(parts.path) < 2:
        raise ServiceError(  # without the text, and without the cause: either may hold the password
            "KWK_DATABASE_URL is not of the form postgresql://user:password@host:port/database; "
            "write special characters of the password as %XX."
        )
    user = f"{parts.username}@" if parts.username else ""
    url = urlunsplit(("postgresql", user + place, parts.path, parts.query, ""))
    return PostgresAddress(url, unquote(parts.password) if parts.password else None)


def check_neo4j(address: Neo4jAddress) -> str:
    """Return the version of a Neo4j that the user named."""
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    try:
        return query_version(address.uri, address.user, address.password)
    except AuthError as exc:
        raise ServiceError(f"Neo4j at {address.uri} refuses user {address.user}: check KWK_NEO4J_PASSWORD.") from exc
    except (DriverError, Neo4jError, OSError, ValueError) as exc:
        raise ServiceError(
            f"Neo4j at {address.uri} does not answer ({type(exc).__name__}): check KWK_NEO4J_URI."
        ) from exc


def check_postgres(address: PostgresAddress) -> tuple[str, str | None]:
    """Return the versions of a Postgres that the user named and of its pgvector."""
    import psycopg

    try:
        return query_versions(address)
    except psycopg.Error as exc:
        reason = str(exc).strip().splitlines()[-1:] or [type(exc).__name__]
        raise ServiceError(f"Postgres at {address.url} does not answer ({reason[0]}): check KWK_DATABASE_URL.") from exc
