"""Ops: incidents, what the monitoring says, and the levers of whoever is on duty."""

from typing import Literal

from examples.shop.services.documents import Document, not_found, unacceptable
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import Key, LedgerHere, Service, routes

router = routes()


class Incident(Document):
    id: str
    service: str
    title: str
    team: str


class Metrics(Document):
    service: str
    error_rate: float
    """Share of requests that fail, from 0 to 1."""
    memory_percent: float


class System(Document):
    """What is really the matter, which the metrics only hint at."""

    metrics: Metrics
    cause: Literal["none", "bad_deploy", "leak", "provider"]


class Deploy(Document):
    id: str
    service: str
    version: str
    minutes_ago: int
    rollback: bool = False


class Deploys(Document):
    items: list[Deploy]
    """Newest first."""


class Rollback(Document):
    to_version: str


class Restart(Document):
    incident_id: str


class Restarted(Document):
    service: str
    incident_id: str


class NewPage(Document):
    incident_id: str
    team: str
    message: str


class Page(Document):
    id: str
    incident_id: str
    team: str
    message: str


class NewNote(Document):
    text: str


class Note(Document):
    id: str
    incident_id: str
    text: str


@router.get("/incidents/{incident_id}", operation_id="getIncident", summary="Look an incident up")
async def get_incident(incident_id: str, ledger: LedgerHere) -> Incident:
    return _incident(ledger, incident_id)


@router.get(
    "/systems/{service}/metrics", operation_id="getMetrics", summary="Look at a service's last minutes"
)
async def get_metrics(service: str, ledger: LedgerHere) -> Metrics:
    return _system(ledger, service).metrics


@router.get("/systems/{service}/deploys", operation_id="getDeploys", summary="List a service's last deploys")
async def get_deploys(service: str, ledger: LedgerHere) -> Deploys:
    return Deploys(items=_deploys(ledger, service))


@router.post(
    "/systems/{service}/rollback",
    operation_id="rollback",
    status_code=201,
    summary="Deploy an earlier version",
)
async def rollback(service: str, body: Rollback, ledger: LedgerHere) -> Deploy:
    def deploy() -> Deploy:
        if body.to_version not in {each.version for each in _deploys(ledger, service)}:
            raise unacceptable(f"{service} never ran version {body.to_version!r}")
        done = Deploy(
            id=ledger.number("d"), service=service, version=body.to_version, minutes_ago=0, rollback=True
        )
        ledger.put(done.id, done)
        _heal(ledger, service, "bad_deploy")
        return done

    return ledger.apply(Deploy, "rollback", {"service": service, **body.model_dump()}, act=deploy)


@router.post(
    "/systems/{service}/restart", operation_id="restart", summary="Restart a service, once per incident"
)
async def restart(service: str, body: Restart, ledger: LedgerHere) -> Restarted:
    name = f"{service}/{body.incident_id}"
    done = Restarted(service=service, incident_id=_incident(ledger, body.incident_id).id)
    if ledger.get(Restarted, name) is not None:
        return done

    def cycle() -> Restarted:
        _heal(ledger, service, "leak")
        ledger.put(name, done)
        return done

    return ledger.apply(Restarted, "restart", done.model_dump(), act=cycle)


@router.post("/pages", operation_id="page", status_code=201, summary="Wake the team on duty")
async def page(body: NewPage, ledger: LedgerHere, key: Key = None) -> Page:
    def wake() -> Page:
        sent = Page(id=ledger.number("pg"), **body.model_dump())
        ledger.put(sent.id, sent)
        return sent

    return ledger.apply(Page, "page", body.model_dump(), act=wake, key=key)


@router.post(
    "/incidents/{incident_id}/notes",
    operation_id="annotate",
    status_code=201,
    summary="Add a note to an incident",
)
async def annotate(incident_id: str, body: NewNote, ledger: LedgerHere, key: Key = None) -> Note:
    def write() -> Note:
        note = Note(id=ledger.number("n"), incident_id=_incident(ledger, incident_id).id, text=body.text)
        ledger.put(note.id, note)
        return note

    arguments = {"incident_id": incident_id, **body.model_dump()}
    return ledger.apply(Note, "annotate", arguments, act=write, key=key)


def _incident(ledger: Ledger, incident_id: str) -> Incident:
    incident = ledger.get(Incident, incident_id)
    if incident is None:
        raise not_found("incident", incident_id)
    return incident


def _system(ledger: Ledger, service: str) -> System:
    system = ledger.get(System, service)
    if system is None:
        raise not_found("system", service)
    return system


def _deploys(ledger: Ledger, service: str) -> list[Deploy]:
    _system(ledger, service)
    deploys = [each for each in ledger.all(Deploy) if each.service == service]
    deploys.sort(key=lambda each: each.id, reverse=True)
    return sorted(deploys, key=lambda each: each.minutes_ago)


def _heal(ledger: Ledger, service: str, cause: str) -> None:
    """Make the service well again, where this lever is the right one."""
    if _system(ledger, service).cause == cause:
        metrics = Metrics(service=service, error_rate=0.001, memory_percent=41.0)
        ledger.put(service, System(metrics=metrics, cause="none"))


def _ill(
    service: str, cause: Literal["none", "bad_deploy", "leak", "provider"], *, rate: float, memory: float
) -> System:
    return System(metrics=Metrics(service=service, error_rate=rate, memory_percent=memory), cause=cause)


SEED: dict[str, Document] = {
    "i-301": Incident(id="i-301", service="checkout-web", title="Checkout answers 500", team="storefront"),
    "i-302": Incident(
        id="i-302", service="search", title="Search is slow and drops requests", team="discovery"
    ),
    "i-303": Incident(id="i-303", service="reviews", title="Error rate alert on reviews", team="content"),
    "i-304": Incident(id="i-304", service="card-gateway", title="Card payments fail", team="payments"),
    "checkout-web": _ill("checkout-web", "bad_deploy", rate=0.31, memory=52.0),
    "search": _ill("search", "leak", rate=0.12, memory=97.5),
    "reviews": _ill("reviews", "none", rate=0.004, memory=38.0),
    "card-gateway": _ill("card-gateway", "provider", rate=0.64, memory=44.0),
    "d-401": Deploy(id="d-401", service="checkout-web", version="2.8.0", minutes_ago=11),
    "d-402": Deploy(id="d-402", service="checkout-web", version="2.7.3", minutes_ago=4300),
    "d-403": Deploy(id="d-403", service="search", version="5.1.1", minutes_ago=20100),
    "d-404": Deploy(id="d-404", service="search", version="5.1.0", minutes_ago=41000),
    "d-405": Deploy(id="d-405", service="reviews", version="1.4.0", minutes_ago=2900),
    "d-406": Deploy(id="d-406", service="card-gateway", version="3.0.2", minutes_ago=8800),
}

SERVICE = Service(
    "ops", "Incidents, what the monitoring says, and the levers of whoever is on duty.", router, SEED
)
