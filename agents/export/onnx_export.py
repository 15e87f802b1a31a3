"""Writes an agent as one ONNX file: its network, its facts beside it, all checked against torch.

B games, k steps of a window, R chances.
"""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from minari.serialization import serialize_space

from agents.export.onnx_file import OnnxFile, pack, read_onnx
from agents.export.onnx_graph import LIKELIEST, Graph, example
from agents.export.onnx_session import OnnxSession
from agents.export.probe_inputs import probe_inputs
from agents.files.agent_file import Agent
from environments.catalog import WORLDS
from environments.files.atomic import naming_path, replace, to_json
from environments.recorded_worlds import described_world
from environments.shields.typed import table_beside
from environments.simulation.observation_parts import layout_of, read_parts
from environments.simulation.spec import fingerprint_of
from environments.system.errors import UserError

OPSET = 18  # of ONNX's operators: what torch's exporter writes without converting
MOST = 1e-4  # that a score may differ from torch's
OBSERVATIONS = 1000  # that are compared
SHIELD = (
    "It was trained behind its world's shield: the host must put a shield between it and the game, "
    "because the file holds none."
)
SHIELD_BESIDE = (
    "It was trained behind a shield, whose rules stand beside it in a file that ends in .shield.json: the "
    "host must apply them, because this file holds none."
)
STUCK = (
    "It was judged with a rule of the host: if its own body has not changed for {} steps, the actions it "
    "took in them are ruled out for this step."
)


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    file: OnnxFile
    difference: float  # the largest from torch, over `OBSERVATIONS`


def export_onnx(agent: Agent, path: Path, greedy: bool = False) -> Exported:
    """Write an agent as an ONNX file, in one step, if what it holds is the agent.

    Args:
        agent: which.
        path: of the file; one that is there is replaced.
        greedy: always the likeliest action: the file then takes no chance.

    Raises:
        UserError: a package is missing, its actions differ from torch's, or the folder is not there.
    """
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {path.parent}: make it, or choose another --to.")
    graph = Graph(agent.policy, greedy, agent.own_action_space).eval()
    data = pack(_traced(graph, agent), _about(agent, graph))
    beside = path.with_name(f".{path.name}.unchecked")
    try:
        with naming_path(path):
            replace(beside, data)
        file = read_onnx(beside)  # with every check that its reader will make
        difference = compared(file, graph, agent)
        if not difference <= MOST:
            raise UserError(
                f"{path} was not written: its actions would differ from the agent's by {difference:.1e}, "
                f"where {MOST:.0e} is allowed."
            )
        replace(path, data)
        _write_rules(agent, path)
    finally:
        with naming_path(path):
            beside.unlink(missing_ok=True)
    return Exported(read_onnx(path), difference)


def rules_beside(path: Path) -> Path:
    """Where the rules of its shield stand: `agent.onnx` has `agent.shield.json`."""
    return path.with_suffix(".shield.json")


def _write_rules(agent: Agent, path: Path) -> None:
    """Put the rules of an agent's shield beside its file, if it has any; else none of a former one."""
    beside, rules = rules_beside(path), agent.world.get("shield")
    with naming_path(beside):
        if rules and agent.shielded:
            replace(beside, to_json(table_beside(rules, agent.world)))
        else:
            beside.unlink(missing_ok=True)


def compared(file: OnnxFile, graph: Graph, agent: Agent) -> float:
    """The largest difference between what a file says and what the agent says in torch."""
    session, most = OnnxSession(file, file.shapes(2)), 0.0
    names = session.outputs
    for step in probe_inputs(agent.policy, OBSERVATIONS):
        feeds = _fed(step.feeds, graph.own)
        if not graph.greedy:
            feeds["chance"] = _none(step.games, graph)
        found = dict(zip(names, session.run(names, feeds), strict=True))
        with torch.inference_mode():
            chance = None if graph.greedy else torch.from_numpy(feeds["chance"])
            action = graph.act(torch.from_numpy(found["scores"]), chance).numpy()
        wanted = {"action": action, "scores": step.scores, "next_memory": step.memory}
        for name, values in found.items():
            told: Any = wanted[name]
            if values.shape != told.shape:
                return math.inf
            apart = np.abs(values.astype(np.float64) - told)
            most = max(most, math.inf if np.isnan(apart).any() else float(apart.max()))
    return most


def _fed(feeds: dict[str, np.ndarray], own: Any) -> dict[str, np.ndarray]:
    """What a file is given, the last action in the environment's own numbers."""
    if "last_action" not in feeds:
        return dict(feeds)
    done = feeds["last_action"]
    shaped = done.reshape(len(done), *own.shape) + getattr(own, "start", 0)
    return {**feeds, "last_action": shaped}


def _none(games: int, graph: Graph) -> np.ndarray:
    return np.full((games, graph.chances), LIKELIEST, np.float32)


def _traced(graph: Graph, agent: Agent) -> Any:
    """The graph in ONNX's words."""
    import_module(
        "onnxscript"
    )  # which torch's exporter needs; its absence is then said as any other's
    inputs = example(graph, agent.policy, 3)  # 1 would be taken for a constant
    batch = torch.export.Dim("batch", min=1)
    rest = tuple({0: batch} for _ in inputs[1:])
    free = ({0: batch}, *((rest,) if rest else ()))
    with _quiet(), torch.inference_mode():
        program = torch.onnx.export(
            graph,
            inputs,
            dynamo=True,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_shapes=free,
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    model: Any = program.model_proto
    whole = model.graph
    for part in (whole, *whole.node, *whole.input, *whole.output, *whole.value_info):
        del part.metadata_props[:]  # where in our sources it came from, with paths of this machine
        part.doc_string = ""
    del model.metadata_props[:]
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch's exporter tells its own developers."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _about(agent: Agent, graph: Graph) -> dict[str, Any]:
    """All that is known about an agent, as JSON."""
    policy, described = agent.policy, agent.world
    stuck = int(agent.facts.get("stuck_steps", 0))
    advice = SHIELD_BESIDE if described.get("shield") else SHIELD
    return {
        "world": described,
        "fingerprint": fingerprint_of(described),
        "observation_space": json.loads(serialize_space(policy.observation_space)),
        "action_space": json.loads(serialize_space(graph.own)),  # in whose numbers `action` is
        "facts": agent.facts,
        "agent": agent.sha256,
        "greedy": graph.greedy,
        "memory": policy.memory,
        "mask": policy.mask,
        "sight": policy.encoder_settings,
        "layout": _layout(agent),
        "shield": agent.shielded,
        "advice": [
            *([advice] if agent.shielded else []),
            *([STUCK.format(stuck)] if stuck else []),
        ],
        **_of_world(described),
    }


def _layout(agent: Agent) -> list[dict[str, Any]]:
    """What an observation of a single step is made of, end to end, for a host that fills it."""
    policy, told = agent.policy, agent.world.get("layout")
    if told is not None:
        return list(told)
    parts = read_parts((policy.encoder_settings or {}).get("parts", ()))
    if not parts:
        return layout_of(policy.observation_space)
    ends = np.cumsum([part.size for part in parts]).tolist()
    return [
        {"name": part.name, "at": end - part.size, "numbers": part.size}
        | {"space": "mask" if part.kind == "mask" else "Box", "shape": list(part.shape)}
        for part, end in zip(parts, ends, strict=True)
    ]


def _of_world(described: dict[str, Any]) -> dict[str, Any]:
    """What only the world itself knows, where it is one of ours and can be made as it was."""
    if (
        described["world"] not in WORLDS
    ):  # whose only term is its own reward, if it has named no other
        alone = described["terms"][0] if len(described["terms"]) == 1 else None
        return {"north_star": described.get("north_star", alone)}
    try:
        world = described_world(described, "The agent")
    except UserError:  # of an older version, with other parameters
        return {"north_star": None}
    body = None if world.body is None else [world.body.start, world.body.stop]
    return {
        "north_star": world.north_star,
        "action_names": list(world.action_names),
        "seconds_a_step": world.tick,
        "body": body,
    }
