import pytest

from planner.definition import Workflow
from planner.errors import CursorInvalid, EventUnknown
from planner.events import SLACK, Event, KeptEvent, Wanted
from planner.journal import Append, Entry, Numbered
from planner.store import events, journal, runs, versions, workflows
from tools import equations

AWAITED = {"type": "paid", "since": "2026-03-01T12:00:00+00:00"}


class Mail:
    """Events and steps that wait for them, in one database."""

    def __init__(self, database, make):
        self.database, self.make = database, make

    def bring(self, name="e-1", *, event_id=None, tenant="default", data=None, at=None, kind="paid"):
        event = Event(id=name, source="/bank", type=kind, subject="o-1", data=data)
        kept = KeptEvent(
            id=event_id or f"k-{name}", tenant=tenant, event=event, received_at=at or self.make.later()
        )
        return self.database.write_sync(events.keep, kept)

    def wait(self, order=None, *, path="pay", **run):
        """Begin a run with a step that waits for an order to be paid, or for any payment."""
        begun = self.database.write_sync(runs.create, self.make.run(status="waiting", **run))
        body = {"type": "paid", "since": self.make.later().isoformat()}
        if order is not None:
            body |= {"side": "event.data.order", "key": equations.digest(order)}
        entry = Entry(kind="awaited", path=path, at=self.make.later(), body=body)
        self.append(begun, entry, seq=1)
        return begun

    def append(self, run, entry, seq):
        unit = Append(run.id, run.epoch, (Numbered(seq, entry),))

        def write(tx):
            return journal.append(tx, [journal.prepare(unit, self.make.later())])

        assert self.database.write_sync(write) == [None]

    def wanted(self, run, **more):
        told = {
            "run_id": run.id,
            "path": "pay",
            "visit": 1,
            "tenant": "default",
            "type": "paid",
            "since": self.make.later(),
            "opened": self.make.later(),
            "until": None,
        }
        return Wanted(**told | more)

    def arrived(self, run, **more):
        return [kept.id for kept in self.database.read_sync(events.arrived, self.wanted(run, **more))]


@pytest.fixture
def mail(database, make):
    return Mail(database, make)


def test_an_event_comes_back_as_it_was_told(mail, database):
    kept = mail.bring(data={"order": "o-1"})

    found = database.read_sync(events.get, kept.id)

    assert (found.event, found.taken_by) == (kept, ())


def test_an_event_that_is_told_twice_is_kept_once(mail, database):
    first = mail.bring(data={"n": 1})

    assert mail.bring(event_id="k-other", data={"n": 2}).id == first.id
    assert mail.bring(event_id="k-third", tenant="acme").id == "k-third"
    assert len(database.read_sync(events.page).items) == 2


def test_an_event_is_offered_to_the_step_whose_equation_it_solves(mail, database, make):
    mine, other, any_ = mail.wait("o-1"), mail.wait("o-2"), mail.wait()
    kept = mail.bring(data={"order": "o-1"}, at=make.later(hours=1))

    offered = database.write_sync(events.offer, kept, make.later(hours=1))

    assert offered == sorted([mine.id, any_.id])
    assert database.read_sync(runs.get, mine.id).wake_at == make.later(hours=1)
    assert database.read_sync(runs.get, other.id).wake_at is None
    assert mail.arrived(mine) == [kept.id]
    assert mail.arrived(other) == []


def test_an_event_without_what_the_equation_reads_is_not_offered(mail, database, make):
    mail.wait("o-1")

    assert database.write_sync(events.offer, mail.bring(data="odd"), make.later()) == []


def test_offering_twice_changes_nothing(mail, database, make):
    run = mail.wait("o-1")
    kept = mail.bring(data={"order": "o-1"})

    assert database.write_sync(events.offer, kept, make.later()) == [run.id]
    assert database.write_sync(events.offer, kept, make.later()) == [run.id]


def test_an_event_of_another_tenant_or_type_is_not_offered(mail, database, make):
    mail.wait("o-1")
    for kept in (mail.bring("a", data={"order": "o-1"}, tenant="acme"), mail.bring("b", kind="sent")):
        assert database.write_sync(events.offer, kept, make.later()) == []


def test_a_run_that_has_ended_is_offered_nothing(mail, database, make):
    run = mail.wait("o-1")
    unit = Append(run.id, run.epoch, change={"status": "failed", "ended_at": make.later()})
    database.write_sync(lambda tx: journal.append(tx, [journal.prepare(unit, make.later())]))

    assert database.write_sync(events.offer, mail.bring(data={"order": "o-1"}), make.later()) == []


def test_what_a_step_took_is_offered_to_it_no_more_and_told_of_the_event(mail, database, make):
    run = mail.wait("o-1")
    kept = mail.bring(data={"order": "o-1"})
    body = {"event_id": kept.id, "event": kept.event.told()}

    assert [each.path for each in database.read_sync(events.awaited, run.id)] == ["pay"]
    mail.append(run, Entry(kind="event", path="pay", at=make.later(), body=body), seq=2)

    assert database.read_sync(events.awaited, run.id) == []
    assert [step[:2] for step in database.read_sync(events.get, kept.id).taken_by] == [(run.id, "pay")]
    assert database.write_sync(events.offer, kept, make.later()) == []


def test_a_step_that_nothing_came_to_in_time_waits_no_more(mail, database, make):
    run = mail.wait("o-1")
    mail.append(
        run, Entry(kind="event", path="pay", at=make.later(), body={"event_id": None, "event": None}), seq=2
    )

    assert database.read_sync(events.awaited, run.id) == []


def test_events_that_came_before_the_step_are_found_by_their_type(mail, database, make):
    run = mail.wait("o-1")
    mail.bring("old", at=make.later(days=-1))
    mail.bring("early", at=make.later())
    mail.bring("near", at=make.later() + SLACK)
    mail.bring("later", at=make.later(hours=2))

    assert mail.arrived(run) == ["k-early", "k-near"]
    assert mail.arrived(run, since=make.later(days=-2)) == ["k-old", "k-early", "k-near"]
    assert mail.arrived(run, until=make.later()) == ["k-early"]


def test_what_arrived_is_read_page_by_page_to_its_end(mail, database, make):
    run = mail.wait()
    brought = [
        KeptEvent(
            id=f"k-{n:04}",
            event=Event(id=f"e-{n}", source="/bank", type="paid"),
            received_at=make.later(seconds=n // 2),
        )
        for n in range(-2 * events.PAGE, 3)
    ]
    database.write_sync(lambda tx: [events.keep(tx, kept) for kept in brought])
    wanted = mail.wanted(run, since=make.later(days=-1))

    found, past = [], None
    while page := database.read_sync(events.arrived, wanted, past):
        assert len(page) <= events.PAGE
        found += [kept.id for kept in page]
        past = events.Place(page[-1].received_at, page[-1].id)

    assert len(found) == len(brought)
    assert found == [kept.id for kept in sorted(brought, key=lambda kept: (kept.received_at, kept.id))]


def test_what_nobody_routed_is_found(mail, database, make):
    kept = mail.bring(at=make.later())
    (place,) = database.read_sync(events.unrouted, make.later())
    assert database.read_sync(events.unsealed, place.id) == kept
    assert database.read_sync(events.unrouted, make.later(), place) == []

    database.write_sync(events.routed, kept.id, ["r-1"], ["odd"])

    assert database.read_sync(events.unrouted, make.later()) == []
    found = database.read_sync(events.get, kept.id).event
    assert (found.routed, found.began, found.problems) == (True, ("r-1",), ("odd",))


def test_runs_that_took_an_event_are_counted_once_each(mail, database, make):
    kept, other = mail.bring("a"), mail.bring("b")
    for run in (mail.wait(), mail.wait()):
        for path, seq in (("pay", 2), ("again", 4)):
            if path == "again":
                mail.append(run, Entry(kind="awaited", path=path, at=make.later(), body=AWAITED), seq=3)
            took = Entry(kind="event", path=path, at=make.later(), body={"event_id": kept.id, "event": {}})
            mail.append(run, took, seq=seq)

    assert database.read_sync(events.takers, [kept.id, other.id]) == {kept.id: 2}


def test_only_routed_events_are_purged(mail, database, make):
    gone, kept = mail.bring("a"), mail.bring("b")
    database.write_sync(events.routed, gone.id, [], [])

    assert database.write_sync(events.purge, make.later(days=1)) == 1
    assert [each.id for each in database.read_sync(events.page).items] == [kept.id]


def test_events_are_listed_newest_first_page_by_page(mail, database, make):
    for hours in range(3):
        mail.bring(f"e-{hours}", at=make.later(hours=hours))

    first = database.read_sync(events.page, limit=2)
    second = database.read_sync(events.page, limit=2, cursor=first.next_cursor)

    assert [each.id for page in (first, second) for each in page.items] == ["k-e-2", "k-e-1", "k-e-0"]
    with pytest.raises(CursorInvalid):
        database.read_sync(events.page, cursor="odd")


def test_an_unknown_event_is_told(database):
    with pytest.raises(EventUnknown, match="there is no event 'nix'"):
        database.read_sync(events.get, "nix")
    with pytest.raises(EventUnknown):
        database.read_sync(events.unsealed, "nix")


def test_workflows_that_an_event_begins_are_found_in_their_newest_version(database, make):
    def register(name, version, **more):
        fields = {"workflow": name, "version": version, "steps": {"a": {"set": {}}}} | more
        database.write_sync(workflows.register, Workflow.model_validate(fields), source="", now=make.later())

    on = [{"event": "order_%placed"}]
    register("new", "1.0.0")
    register("new", "1.1.0", on=on)
    register("old", "1.0.0", on=on)
    register("old", "1.1.0")
    register("resting", "1.0.0", on=on)
    database.write_sync(versions.change, "resting", "1.0.0", "draining", actor="u", now=make.later())

    found = database.read_sync(events.beginning, "order_%placed")

    assert [(each.workflow, each.version) for each in found] == [("new", "1.1.0")]
    assert database.read_sync(events.beginning, "order_xplaced") == []
