"""What can go wrong in the core.

PlannerError
├── DefinitionInvalid    a workflow cannot be used; holds every problem
├── WorkflowUnknown      a name or version that is not registered
├── VersionTaken         the version exists with other content
├── VersionClosed        the version takes no new runs
├── CatalogUnknown       a catalogue revision that was never kept
├── ServicesMissing      this process does not know the services that a run began with
├── RunUnknown           no run has this id
├── RunEnded             the run has ended, so it cannot be changed
├── RepinRefused         a run cannot go on with another version; holds every problem
├── RunMoving            the run moves, so it cannot be changed now
├── InputInvalid         a run's input does not fit its schema
├── NotPermitted         a workflow calls what its tenant may not
├── QueueFull            too many runs wait to be taken up
├── RouteUnclear         a goal names no workflow that can be run as it stands
├── EventUnknown         no event has this id
├── ScheduleUnknown      no schedule has this id or name
├── NameTaken            something else has this name
├── WebhookUnknown       no webhook has this id
├── DeliveryUnknown      a webhook was sent no such message
├── WebhookRefused       nothing is sent to this address
├── DecisionUnknown      no decision has this id
├── DecisionClosed       a person's decision was answered or timed out before
├── ForkRefused          no run can be forked from this decision as wanted
├── AnswerInvalid        an answer that was not offered
├── SealBroken           what is sealed in a run cannot be read
├── LegalHold            a legal hold keeps it from being erased
├── HeadsInvalid         exported heads of the log, or a key for them, cannot be read
├── KeyReused            an Idempotency-Key came back with another request
├── CursorInvalid        a page cursor that we did not give out
├── LeaseLost            another worker owns the run now
├── StoreUnavailable     the database cannot be used
├── SettingsInvalid      the configuration cannot be used
└── ScriptInvalid        a script of a pretended model's answers cannot be used
"""

from collections.abc import Mapping, Sequence

from tools.problems import Problem


class PlannerError(Exception):
    """The planner cannot do this."""

    code = "planner-error"
    retryable = False


class DefinitionInvalid(PlannerError):
    """A workflow definition cannot be used."""

    code = "definition-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''}: " + "; ".join(map(str, self.problems)))


class WorkflowUnknown(PlannerError):
    """No workflow of this name and version is registered."""

    code = "workflow-unknown"

    def __init__(self, name: str, version: str | None = None, *, known: Sequence[str] = ()) -> None:
        self.name, self.version, self.known = name, version, tuple(known)
        label = f"{name} {version}" if version else name
        tail = f"; registered are {', '.join(self.known)}" if known else "; none is registered"
        super().__init__(f"there is no workflow {label!r}{tail}")


class VersionTaken(PlannerError):
    """A version is immutable, and this one exists with other content."""

    code = "version-taken"

    def __init__(self, name: str, version: str) -> None:
        self.name, self.version = name, version
        super().__init__(f"{name} {version} is registered with other content; give the change a new version")


class VersionClosed(PlannerError):
    """The version takes no new runs."""

    code = "version-closed"

    def __init__(self, name: str, states: Mapping[str, str]) -> None:
        self.name, self.states = name, dict(states)
        told = " and ".join(f"{version} is {state}" for version, state in self.states.items())
        super().__init__(
            f"no run of {name} can begin: {told}; name a version that is active, or make one active"
        )


class CatalogUnknown(PlannerError):
    """This catalogue revision was never kept."""

    code = "catalog-unknown"

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(f"there is no catalogue revision {revision!r}, so its runs cannot go on")


class ServicesMissing(PlannerError):
    """This process does not know the services that the run began with."""

    code = "services-missing"

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"this process knows no service {' and '.join(map(repr, self.names))}, which the run began with, "
            "so it cannot move the run; name the project that holds them"
        )


class RunUnknown(PlannerError):
    """No run has this id."""

    code = "run-unknown"

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"there is no run {run_id!r}")


class RunEnded(PlannerError):
    """The run has ended."""

    code = "run-ended"

    def __init__(self, run_id: str, status: str) -> None:
        self.run_id, self.status = run_id, status
        super().__init__(f"run {run_id} has ended as {status}, so it cannot be changed")


class RunMoving(PlannerError):
    """The run moves, and only one that waits can be changed."""

    code = "run-moving"

    def __init__(self, run_id: str, status: str) -> None:
        self.run_id, self.status = run_id, status
        super().__init__(
            f"run {run_id} is {status}, and only a run that waits can be changed; try again then"
        )


class RepinRefused(PlannerError):
    """The run's journal does not allow it to go on with that version."""

    code = "repin-refused"

    def __init__(self, run_id: str, version: str, problems: Sequence[Problem]) -> None:
        self.run_id, self.version, self.problems = run_id, version, tuple(problems)
        told = "; ".join(map(str, self.problems))
        super().__init__(f"run {run_id} cannot go on with version {version}: {told}")


class InputInvalid(PlannerError):
    """A run's input does not fit the workflow's schema."""

    code = "input-invalid"

    def __init__(self, workflow: str, problems: Sequence[Problem], decision_id: str | None = None) -> None:
        self.workflow, self.problems, self.decision_id = workflow, tuple(problems), decision_id
        super().__init__(f"the input of {workflow!r} is not right: " + "; ".join(map(str, self.problems)))


class NotPermitted(PlannerError):
    """A workflow calls what its tenant may not."""

    code = "not-permitted"

    def __init__(self, workflow: str, tenant: str, problems: Sequence[Problem]) -> None:
        self.workflow, self.tenant, self.problems = workflow, tenant, tuple(problems)
        told = "; ".join(map(str, self.problems))
        super().__init__(f"tenant {tenant!r} may not run {workflow!r}: {told}")


class QueueFull(PlannerError):
    """Too many runs wait to be taken up, so no more are taken in."""

    code = "queue-full"
    retryable = True

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}; try again later")


class RouteUnclear(PlannerError):
    """The goal names no workflow that can be run as it stands."""

    code = "route-unclear"

    def __init__(
        self, message: str, candidates: Sequence[dict[str, object]], decision_id: str | None
    ) -> None:
        self.candidates, self.decision_id = tuple(candidates), decision_id
        super().__init__(message)


class EventUnknown(PlannerError):
    """No event has this id."""

    code = "event-unknown"

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__(f"there is no event {event_id!r}; its own id and source are in the list of events")


class ScheduleUnknown(PlannerError):
    """No schedule has this id or name."""

    code = "schedule-unknown"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no schedule {name!r}")


class NameTaken(PlannerError):
    """Something else has this name."""

    code = "name-taken"

    def __init__(self, what: str, name: str) -> None:
        self.name = name
        super().__init__(f"there is a {what} {name!r} already; change that one, or choose another name")


class WebhookUnknown(PlannerError):
    """No webhook has this id."""

    code = "webhook-unknown"

    def __init__(self, webhook_id: str) -> None:
        self.webhook_id = webhook_id
        super().__init__(f"there is no webhook {webhook_id!r}")


class DeliveryUnknown(PlannerError):
    """The webhook was sent no such message."""

    code = "delivery-unknown"

    def __init__(self, delivery_id: str) -> None:
        self.delivery_id = delivery_id
        super().__init__(f"the webhook was sent no message {delivery_id!r}")


class WebhookRefused(PlannerError):
    """Nothing is sent to this address."""

    code = "webhook-refused"

    def __init__(self, url: str, why: str) -> None:
        self.url = url
        super().__init__(f"nothing is sent to {url}: {why}")


class DecisionUnknown(PlannerError):
    """No decision has this id."""

    code = "decision-unknown"

    def __init__(self, decision_id: str) -> None:
        self.decision_id = decision_id
        super().__init__(f"there is no decision {decision_id!r}")


class DecisionClosed(PlannerError):
    """The decision is no longer open."""

    code = "decision-closed"

    def __init__(self, decision_id: str, happened: str) -> None:
        self.decision_id, self.happened = decision_id, happened
        super().__init__(f"decision {decision_id} is no longer open: {happened}")


class ForkRefused(PlannerError):
    """No run can be forked from this decision in this way."""

    code = "fork-refused"

    def __init__(self, decision_id: str, why: str) -> None:
        self.decision_id = decision_id
        super().__init__(f"no run can be forked from decision {decision_id} in this way: {why}")


class AnswerInvalid(PlannerError):
    """The answer is not one of those offered."""

    code = "answer-invalid"

    def __init__(self, decision_id: str, message: str, problems: Sequence[Problem] = ()) -> None:
        self.decision_id, self.problems = decision_id, tuple(problems)
        super().__init__(f"decision {decision_id}: {message}")


class SealBroken(PlannerError):
    """What is sealed in a run cannot be read."""

    code = "seal-broken"

    def __init__(self, run_id: str, why: str) -> None:
        self.run_id, self.why = run_id, why
        super().__init__(f"run {run_id} cannot be read as it was: {why}")


class LegalHold(PlannerError):
    """A legal hold keeps this from being erased."""

    code = "legal-hold"

    def __init__(self, held: Sequence[str]) -> None:
        self.held = tuple(held)
        super().__init__(
            f"a legal hold is on {', '.join(self.held)}, so nothing was erased; "
            "release it first with `planner decisions hold ID --release`"
        )


class HeadsInvalid(PlannerError):
    """Exported heads of the log, or a key for them, cannot be read."""

    code = "heads-invalid"


class KeyReused(PlannerError):
    """An Idempotency-Key came back with another request."""

    code = "idempotency-key-reused"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the Idempotency-Key {key!r} was used before with another request; use a new key")


class CursorInvalid(PlannerError):
    """A cursor that was not given out here."""

    code = "cursor-invalid"

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        super().__init__(
            f"the cursor {cursor!r} was not given out here; leave it out to start at the first page"
        )


class LeaseLost(PlannerError):
    """Another worker owns the run now."""

    code = "lease-lost"

    def __init__(self, run_id: str, epoch: int) -> None:
        self.run_id, self.epoch = run_id, epoch
        super().__init__(f"run {run_id} is no longer ours at epoch {epoch}; nothing was written")


class StoreUnavailable(PlannerError):
    """The database cannot be used."""

    code = "store-unavailable"
    retryable = True


class SettingsInvalid(PlannerError):
    """The configuration cannot be used."""

    code = "settings-invalid"


class ScriptInvalid(PlannerError):
    """A script of a pretended model's answers cannot be used."""

    code = "script-invalid"
