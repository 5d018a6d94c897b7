"""The services of one KWK_HOME: start what is not running, say where it is, stop it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from kg.configured import check_neo4j, check_postgres, configured_neo4j, configured_postgres
from kg.errors import ServiceError
from kg.house import PORTS, House, Report, alone
from kg.processes import listens
from kg.service_state import make_home, password_file
from kg.settings import Addresses, ServiceSettings

Status = dict[str, str | None]


def ensure(settings: ServiceSettings, report: Report) -> Addresses:
    """Start what is not running, wait until it answers, and return all addresses."""
    neo4j, postgres = configured_neo4j(settings), configured_postgres(settings)
    if neo4j:
        check_neo4j(neo4j)
    if postgres:
        check_postgres(postgres)
    make_home(settings.home)
    # The slowest first: Neo4j boots while Postgres makes its files. It is told the port of the static server.
    wanted = ["assets", *(() if neo4j else ("neo4j",)), *(() if postgres else ("postgres",))]
    with alone(settings.home, report):
        house = House(settings, report)
        for name in wanted:
            house.start(name)
        for name in reversed(wanted):
            house.await_answer(name)
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
    version, file = None, None
    address = configured_neo4j(house.settings)
    if address:
        state = "unreachable"
        with suppress(ServiceError):
            version, state = check_neo4j(address), "running"
    else:
        server, known = house.neo4j, house.known("neo4j")
        address, file = server.address, str(password_file(house.settings.home, "neo4j"))
        state = "starting" if known else "stopped"
        if known and listens(known, server.bolt):
            with suppress(ServiceError):
                version = server.version()
                state = "running" if version else state
    return {
        "state": state,
        "version": version,
        "uri": address.uri,
        "user": address.user,
        "password_file": file,
        "browser": address.browser,
    }


def _postgres_status(house: House) -> Status:
    version, vector, file = None, None, None
    address = configured_postgres(house.settings)
    if address:
        state = "unreachable"
        with suppress(ServiceError):
            (version, vector), state = check_postgres(address), "running"
    else:
        server, known = house.postgres, house.known("postgres")
        address, file = server.address, str(password_file(house.settings.home, "postgres"))
        state = "starting" if known else "stopped"
        if known and listens(known, server.port):
            with suppress(ServiceError):
                (version, vector), state = check_postgres(address), "running"
    return {"state": state, "version": version, "pgvector": vector, "url": address.url, "password_file": file}


def _assets_status(house: House) -> Status:
    server, known = house.assets, house.known("assets")
    state = "running" if known and server.answers() else "starting" if known else "stopped"
    return {"state": state, "url": server.address}
