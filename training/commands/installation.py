"""The packages that GPO requires, and what to type where one is missing: in a checkout, or installed."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
NAME = "gpo"
PINNED = ("imitation==1.0.1", "overcooked-ai==1.1.0")  # installed alone: the Makefile says why
# Where a package is imported under another name than it is installed by.
DISTRIBUTION = {
    "PIL": "pillow",
    "overcooked_ai_py": "overcooked-ai",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
EXTRAS = {
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "ray": ("ray",),
    "box2d": ("Box2D",),
    "robotics": ("mujoco", "gymnasium_robotics"),
    "imitation": ("datasets", "jsonpickle", "sklearn"),
}


def in_checkout() -> bool:
    """Whether these folders are a checkout, and not what a wheel was unpacked to."""
    return ROOT.joinpath("constraints.txt").is_file() and _project().get("name") == NAME


def _project() -> dict[str, Any]:
    path = ROOT / "pyproject.toml"
    found: dict[str, Any] = {}
    if path.is_file():
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    return found


def requirements(extra: str = "") -> list[Requirement]:
    """What GPO depends on, or what an extra adds: from the checkout, else as it was installed."""
    from packaging.requirements import Requirement

    if in_checkout():
        project = _project()
        lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
        return [Requirement(line) for line in lines]
    try:
        wanted = [Requirement(line) for line in metadata.requires(NAME) or ()]
    except metadata.PackageNotFoundError:
        return []
    return [one for one in wanted if _applies(one, extra) and not (extra and _applies(one, ""))]


def _applies(wanted: Requirement, extra: str) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": extra})


def install(extra: str = "", only: str = "") -> str:
    """What to type for all that GPO needs, or an extra adds; without a checkout, for `only` one of them.

    Without a checkout the packages are named one by one: the package `gpo` on PyPI is another one.
    """
    if in_checkout():
        target = f"'.[{extra}]'" if extra else "."  # zsh would read the brackets
        folder = shlex.quote(str(ROOT))
        return f"cd {folder} && {python()} -m pip install -c constraints.txt -e {target}"
    try:
        wanted = [plain(one) for one in requirements(extra) if not only or one.name == only]
    except ModuleNotFoundError:  # they are read by `packaging`
        wanted = []
    return f"{python()} -m pip install {' '.join(map(shlex.quote, wanted or [only or NAME]))}"


def plain(wanted: Requirement) -> str:
    """A requirement as one types it."""
    extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
    return f"{wanted.name}{extras}{wanted.specifier}"


def install_people() -> str:
    """The second of the two pip lines."""
    return f"{python()} -m pip install --no-deps {' '.join(PINNED)}"


def python() -> str:
    """This interpreter, as one would type it."""
    return shlex.quote(sys.executable)


def what_to_type(module: str) -> str | None:
    """The command that installs a module we use, or None if it is none of them."""
    top = module.partition(".")[0]
    for extra, modules in EXTRAS.items():
        if top in modules:
            return install(extra)
    distribution = _normal(DISTRIBUTION.get(top, top))
    if any(line.startswith(f"{distribution}==") for line in PINNED):
        return install_people()
    return install(only=distribution) if distribution in _known() else None


def _known() -> set[str]:
    """The packages that GPO, or one that it needs, depends on."""
    if in_checkout():
        lines = ROOT.joinpath("constraints.txt").read_text(encoding="utf-8").splitlines()
        return {_normal(line.partition("==")[0]) for line in lines if "==" in line}
    known: set[str] = set()
    left = [NAME]
    while left:
        name = _normal(left.pop())
        if name not in known:
            known.add(name)
            left += _asked_by(name)
    return known


def _asked_by(distribution: str) -> list[str]:
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return []
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]


def _normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()
