"""Further clones of the same people, as partners for training: made on every core that is free.

A clone follows from the recipe and its number alone, and is the same wherever it is made. This process makes
them from the first on, helpers from the last; it alone writes, and does what a helper leaves undone that dies
or stands still. A helper is a process, not a thread: dropout draws from torch's one generator. What goes
through its pipe is pickled here, as values: left to torch, tensors would go as memory that ends with the
process.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection
from typing import Any

import torch

from agents.files.agent_file import Agent
from agents.networks.policy import AgentPolicy
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from environments.simulation.world import World
from environments.system import processes as process
from environments.system.errors import UserError
from training.compute.second_core import free_cores
from training.imitation.clone import Clone
from training.pipeline.clone_stage import CloneTask, clone_task, file_of, keep, kept
from training.run.folder import RunFolder
from training.run.recipe import Recipe
from training.run.reporter import Reporter

HELPERS = 4  # at most: each holds torch


def clone_population(
    run: RunFolder, world: World, dataset: Dataset, reporter: Reporter
) -> list[Agent]:
    """The further clones that the recipe asks for, from the run folder as far as they are there.

    Those of a `share` begin from weights drawn anew, or, with `[partner] start = "clone"`, from the clone of
    all recordings: where recordings are few, a clone of a share of them alone plays badly.
    """
    partner = run.recipe.partner
    numbers = range(1, partner.clones) if len(world.agents) > 1 else range(0)
    missing = deque(k for k in numbers if not run.has(file_of("clone", k)))
    if missing:
        from_clone = partner.share is not None and partner.start == "clone"
        start = kept(run, "clone", 0, world).policy if from_clone else None
        _make(run, world, dataset, start, missing, reporter)
    return [kept(run, "clone", k, world) for k in numbers]


def _make(
    run: RunFolder,
    world: World,
    dataset: Dataset,
    start: AgentPolicy | None,
    missing: deque[int],
    reporter: Reporter,
) -> None:
    """Make and keep the clones that are missing."""
    who, epochs, done = clone_task(run.recipe, world), run.recipe.clone.epochs or 0, 0

    def receive(number: int, found: Clone) -> None:
        nonlocal done
        keep(run, "clone", number, found, world, dataset)
        done += 1
        bar(done * epochs)

    def tick(record: dict[str, float]) -> None:
        attend()
        bar(done * epochs + record["epoch"])

    def attend() -> bool:
        """Whether any helper is at work after that."""
        for helper in helpers:
            if (found := helper.attend()) is not None:
                receive(*found)
        return any(helper.number for helper in helpers)

    with (
        reporter.bar("cloning characters", len(missing) * epochs, "epochs") as bar,
        _helpers(run.recipe, who, start, missing) as helpers,
    ):
        while attend() or missing:
            if missing:
                number = missing.popleft()
                receive(number, who.clone(dataset, number, start, tick))
                continue
            busy = [helper for helper in helpers if helper.number]
            if not connection.wait([helper.pipe for helper in busy], process.GLANCE):
                for helper in busy:
                    helper.watch(reporter.say)


@contextmanager
def _helpers(
    recipe: Recipe, who: CloneTask, start: AgentPolicy | None, missing: deque[int]
) -> Iterator[list[CloneWorker]]:
    """As many as there are cores and work for; they end with this."""
    cores = free_cores() if recipe.refine.cores == "auto" else recipe.refine.cores
    count = min(cores - 1, len(missing) - 1, HELPERS) if process.can_start() else 0
    helpers = [CloneWorker(who, start, missing) for _ in range(count)]
    try:
        yield helpers
    finally:
        for helper in helpers:
            helper.end()


class CloneWorker:
    """A process that clones, taking numbers from the end of what is missing.

    Args:
        who: is cloned.
        start: whose weights the clones begin with, if anybody's.
        missing: the numbers; shared with the others that make some.
    """

    def __init__(self, who: CloneTask, start: AgentPolicy | None, missing: deque[int]) -> None:
        self.missing = missing
        self.number = 0  # that it is at; 0: none
        self._ready = self._lost = False  # nothing is asked of it before it could begin at once
        self._pulse, order = process.Pulse(), pickle.dumps((who, start))
        self.process, self.pipe, self.end = process.start(
            self, "gpo-cloning", _work, order, self._pulse.memory
        )

    def attend(self) -> tuple[int, Clone] | None:
        """Take what it has made, if it has, and give it the next number.

        Raises:
            UserError: what it met while cloning.
        """
        found = self._hear() if not self._lost and self.pipe.poll() else None
        if self._ready and not self.number and self.missing:
            self.number = self.missing.pop()
            with suppress(OSError):  # it has died, which the next hearing finds out
                self.pipe.send(self.number)
        return found

    def watch(self, say: Callable[[str], None]) -> None:
        """End it if it has stood still for long; called after each glance in which it said nothing."""
        if self.number and self._pulse.stopped():
            say(
                f"A process that makes clones stood still for {process.PATIENCE * process.GLANCE:g} s and "
                f"was ended: clone {self.number}, which it was at, is made in this one."
            )
            self.end()
            self._lose()

    def _lose(self) -> None:
        number, self.number = self.number, 0
        self._ready, self._lost = False, True
        self.missing.extend([number] if number else [])

    def _hear(self) -> tuple[int, Clone] | None:
        try:
            said = pickle.loads(self.pipe.recv_bytes())  # noqa: S301 - our own process's, no file's
        except (EOFError, OSError):
            self._lose()
            return None
        number, self.number = self.number, 0
        if isinstance(said, UserError):
            raise said
        self._ready = True
        return None if said is None else (number, said)


def _work(pipe: Any, order: bytes, pulse: Any) -> None:
    """Clone for the process that started this one, as long as there is one."""
    process.end_with_parent(pulse)
    torch.set_num_threads(1)
    who, start = pickle.loads(order)  # noqa: S301 - our own process's, no file's
    dataset = Store(who.recipe.data.root).open(who.recipe.data.train)
    said: Clone | UserError | None = None  # None: ready
    with suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(pickle.dumps(said))
            number = pipe.recv()
            try:
                said = who.clone(dataset, number, start)
            except UserError as problem:
                said = problem
