"""Subjects: a workflow made ready to be explored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from evals import load, project
from evals.explore import reads, scenarios
from evals.explore.alphabet import Services
from evals.explore.desk import Desk
from evals.explore.reads import Reads
from evals.explore.scenarios import Scenario
from evals.explore.standing import Undoing
from evals.explore.state import START
from evals.explore.turns import Orders
from evals.project import Project
from evals.rules import Rules
from graphs import pinning
from graphs.blocks import Program
from planner.decisions import WorkflowRef
from planner.definition import AnyStep, Call, Decide, Workflow
from planner.runs import Run
from tools.catalog import Catalog

RUN_ID = "01900000-0000-7000-8000-000000000001"
"""Of every path's run."""

SUFFIXES = (".yaml", ".yml", ".json")
"""What the name of a file ends in, and no workflow's name does."""


@dataclass(frozen=True)
class Subject:
    """A workflow with all that it runs and calls."""

    workflow: Workflow
    programs: Mapping[str, Program]
    """By reference; the workflow's own, under its name, among them."""
    catalog: Catalog
    """What the run takes the services to be."""
    real: Catalog
    """What they are; the same unless a catalogue is on trial."""
    scenarios: tuple[Scenario, ...]
    recoveries: int = 2
    """Recovery choices that a step may have."""
    desk: Desk = field(default_factory=Desk)
    cancels: bool = False
    """Whether a person may cancel the run."""
    all_orders: bool = False
    """Whether branches side by side take turns also where no order can make a difference."""

    @property
    def program(self) -> Program:
        """The workflow's own program."""
        return self.programs[self.workflow.workflow]

    @cached_property
    def pinned(self) -> Mapping[str, Workflow]:
        """The workflows that it runs, by reference."""
        return {name: program.workflow for name, program in self.programs.items()}

    @cached_property
    def services(self) -> Mapping[str, Services]:
        """What calls may come to, by scenario."""
        return {scenario.name: Services(self.real, scenario) for scenario in self.scenarios}

    @cached_property
    def runs(self) -> Mapping[str, Run]:
        """The run of each scenario, as it begins."""
        return {scenario.name: self._run(scenario) for scenario in self.scenarios}

    def _run(self, scenario: Scenario) -> Run:
        workflow = self.workflow
        return Run(
            id=RUN_ID,
            workflow=WorkflowRef(name=workflow.workflow, version=workflow.version, sha256=workflow.sha256),
            catalog_revision=self.catalog.revision,
            goal=workflow.goal,
            input=scenario.input,
            mode="explore",
            started_by="explorer",
            created_at=START,
            updated_at=START,
        )

    def step(self, path: str) -> AnyStep | None:
        """Return the step at a path of a run, as the workflow has it."""
        return pinning.step_at(self.workflow, self.pinned, path)

    @cached_property
    def backward(self) -> frozenset[str]:
        """Operations that look up or take back what others did."""
        known = (*self.catalog.operations.values(), *self.real.operations.values())
        contracts = (contract for each in known for contract in (each.undo, each.reconcile))
        return frozenset(contract.call for contract in contracts if contract is not None)

    @cached_property
    def repeated(self) -> frozenset[str]:
        """Operations whose answer another step's call may bring back, or look up."""
        known = (*self.catalog.operations.values(), *self.real.operations.values())
        return frozenset(each.name for each in known if each.reconcile or each.effect == "idempotent")

    @cached_property
    def undoes_undo(self) -> bool:
        """Whether what takes an effect back could be taken back itself."""
        contracts = (each.undo for each in self.catalog.operations.values())
        backward = [self.catalog.operations.get(each.call) for each in contracts if each is not None]
        return any(each is not None and each.undo is not None for each in backward)

    @cached_property
    def undoing(self) -> Undoing:
        """How effects would be taken back, as the run sees it."""
        return Undoing(self.catalog)

    @cached_property
    def reads(self) -> Reads:
        """What its workflows read of values."""
        return Reads(self.programs.values())

    @cached_property
    def questions(self) -> float:
        """How often a run may ask a model at most."""
        return reads.questions(self.program, self.programs, self.recoveries)

    @cached_property
    def text(self) -> str:
        """The workflow and all that it runs, as one text."""
        return "\n".join(each.model_dump_json() for each in self.pinned.values())

    @cached_property
    def rules(self) -> Rules:
        """The invariants that the workflow declares for itself."""
        return Rules(self.workflow)

    @cached_property
    def orders(self) -> Orders:
        """Which calls in branches side by side make a difference to each other."""
        return Orders(self.programs, self.real, self.rules, takes_all=self.all_orders)

    def sees(self, name: str) -> bool:
        """Tell whether an invariant of the workflow looks at effects, decisions or state."""
        return name in self.rules.seen

    def asks_model(self, path: str) -> bool:
        """Tell whether a model is asked what to do about a call at a path that did not go through."""
        step = self.step(path)
        return isinstance(step, Call) and step.recover is not None and step.recover.by == "model"

    def is_gated(self, path: str) -> bool:
        """Tell whether a model's choice at a path counts only when it is sure."""
        step = self.step(path)
        if isinstance(step, Decide):
            return step.min_confidence > 0
        return isinstance(step, Call) and step.recover is not None and step.recover.min_confidence > 0


def of_folder(folder: Path, name: str, *, recoveries: int = 2) -> Subject:
    """Return a workflow of a project folder, or one in a file, as a subject with the scenarios of its cases.

    Raises:
        ProjectMissing: the folder holds no catalogue.
        SuiteInvalid: something in the folder is wrong.
        WorkflowUnknown: the project holds none of this name.
    """
    loaded = load.load(load.find([folder]), folder=folder)
    found = project.load(folder.resolve()) if not loaded else loaded[0].project
    if Path(name).suffix in SUFFIXES:
        found, name = found.joined(Path(name))
    learned = scenarios.of_project(found.find(name), loaded, found.catalog)
    return of_project(found, name, learned, recoveries=recoveries)


def of_project(known: Project, name: str, learned: tuple[Scenario, ...], *, recoveries: int = 2) -> Subject:
    """Return a workflow of a project as a subject.

    Raises:
        WorkflowUnknown: the project holds none of this name.
    """
    workflow = known.find(name)
    nested = pinning.closure(workflow, known.find)
    programs = {key: known.program(each) for key, each in {**nested, name: workflow}.items()}
    return Subject(workflow, programs, known.catalog, known.catalog, learned, recoveries)
