"""The services of one KWK_HOME: start what is not running, say where it is, stop it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from kg.configured import check_neo4j, check_postgres, configured_neo4j, configured_postgres
from kg.errors import ServiceError
from kg.house import PORTS, House, Report, alone
from kg.service_state import make_home, password_file
from kg.settings import Addresses, ServiceSettings

Status = dict[str, str | None]


def ensure(settings: ServiceSettings, report: Report) -> Addresses:
    """Start what is not running, wait until it answers, and return all addresses."""
    from kg.browser import publish_nothing

    neo4j, postgres = configured_neo4j(settings), configured_postgres(settings)
    if neo4j:
        check_neo4j(neo4j)
    if postgres:
        check_postgres(postgres)
    make_home(settings.home)
    publish_nothing(settings.home)
    # The slowest first: Neo4j boots while Postgres makes its files. It is told the port of the static server.
    wanted = ["assets", *(() if neo4j else ("neo4j",)), *(() if postgres else ("postgres",))]
    with alone(settings.home, report):
        house = House(settings, report)
        for name in wanted:
            house.start(name)
        for name in reversed(wanted):
            house.await_answer(name)
    if "neo4j" in wanted and not house.neo4j.knows_assets():
        report("style and guide moved to another port: Neo4j Browser finds them after `kwk down` and `kwk up`")
    return Addresses(neo4j or house.neo4j.address, postgres or house.postgres.address, house.assets.address)


def stop(settings: ServiceSettings) -> tuple[str, ...]:
    """Stop every server of this KWK_HOME that runs, and return their names."""
    if not (settings.home / "services.json").exists():
        return ()
    with alone(settings.home, lambda _: None):
        house = House(settings, lambda _: None)
        with ThreadPoolExecutor(len(PORTS)) as pool:
            jobs = {name: pool.submit(house.leave, name) for name in PORTS}
        return tuple(name for name, job in jobs.items() if job.result())


def status(settings: ServiceSettings) -> dict[str, Status]:
    """Return what each service is: running, starting or stopped; running or unreachable, if it is the user's own."""
    house = House(settings, lambda _: None)
    return {"neo4j": _neo4j_status(house), "postgres": _postgres_status(house), "assets": _assets_status(house)}


def _neo4j_status(house: House) -> Status:
    address = configured_neo4j(house.settings)
    told: Status = {"state": "unreachable", "version": None, "uri": None, "user": None}
    told |= {"password_file": None, "browser": None}
    if address:
        with suppress(ServiceError):
            told |= {"version": check_neo4j(address), "state": "running"}
    else:
        address = house.neo4j.address
        told |= {"state": house.look("neo4j"), "password_file": str(password_file(house.settings.home, "neo4j"))}
        if told["state"] == "running":
            told["version"] = house.neo4j.version()
        if not house.neo4j.port:  # never started
            return told | {"user": address.user}
    return told | {"uri": address.uri, "user": address.user, "browser": address.browser}


def _postgres_status(house: House) -> Status:
    address = configured_postgres(house.settings)
    told: Status = {"state": "unreachable", "version": None, "pgvector": None, "url": None, "password_file": None}
    if address is None:
        told |= {"state": house.look("postgres"), "password_file": str(password_file(house.settings.home, "postgres"))}
        if not house.postgres.port:  # never started
            return told
        address = house.postgres.address
    if told["state"] in ("running", "unreachable"):
        with suppress(ServiceError):
            version, vector = check_postgres(address)
            told |= {"state": "running", "version": version, "pgvector": vector}
    return told | {"url": address.url}


def _assets_status(house: House) -> Status:
    return {"state": house.look("assets"), "url": house.assets.address if house.assets.port else None}
