"""Rules of the facts (JSON) of an episode or a revision, checked when they are read or written.

A checksum tells damage and is no signature, so a file may say anything. What has passed here can be used
without a second look: every key that we read is there, and of the kind that we take it for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_NAME = 1000  # characters: of a world, a player, a term
NAMES = 10_000  # terms, costs, raw numbers
SEED, EPISODES = 2**128 - 1, 10_000_000  # the largest: Gymnasium draws seeds of 128 bits
REVISION = re.compile(r"revision-v(0|[1-9][0-9]{0,6})")
_ORIGIN = re.compile(r"(.*/)?revision-v(0|[1-9][0-9]{0,6})/(0|[1-9][0-9]{0,6})", re.DOTALL)
# What a terminal would obey and what no encoding has; a text may be of several lines.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ESCAPED = re.compile(rb"\\u00[019]|\\u007f|\\u008|\\[bf]|\\ud[89a-f]|\x7f|\xc2[\x80-\x9f]", re.I)


@dataclass(frozen=True)
class Kind:
    """What a value may be: in words, and as a question."""

    words: str
    holds: Callable[[Any], bool]


def whole(least: int, most: int) -> Kind:
    return Kind(
        f"whole number from {least} to {most:,}",
        lambda v: type(v) is int and least <= v <= most,
    )


def number(least: float = -math.inf, most: float = math.inf) -> Kind:
    limits = "" if math.isinf(least) else f" from {least:g}"
    return Kind(
        f"number{limits}",
        lambda v: (
            type(v) in (int, float) and least <= v <= most and abs(v) < 1e300  # no inf, no NaN
        ),
    )


def maybe(kind: Kind) -> Kind:
    return Kind(f"{kind.words}, nor null", lambda v: v is None or kind.holds(v))


def listed(kind: Kind, most: int) -> Kind:
    return Kind(
        f"list of at most {most:,}, each a {kind.words}",
        lambda v: isinstance(v, list) and len(v) <= most and all(map(kind.holds, v)),
    )


TEXT = Kind(
    "text of characters that there are",  # half of a pair, alone, cannot be printed anywhere
    lambda v: isinstance(v, str) and not re.search("[\ud800-\udfff]", v),
)
NAME = Kind(
    f"text of 1 to {LONGEST_NAME:,} characters that can be shown",
    lambda v: isinstance(v, str) and 0 < len(v) <= LONGEST_NAME and not _UNPRINTABLE.search(v),
)
FLAG = Kind("true or false", lambda v: isinstance(v, bool))
TABLE = Kind("table", lambda v: isinstance(v, dict))
ANY_LIST = Kind("list", lambda v: isinstance(v, list))
DISTINCT = Kind(
    f"list of at most {NAMES:,} different names",
    lambda v: listed(NAME, NAMES).holds(v) and len(set(v)) == len(v),
)
NUMBER = number()
Rules = Mapping[str, Kind]

EPISODE: Rules = {
    "world": NAME,
    "fingerprint": NAME,
    "agent": NAME,
    "match": maybe(NAME),
    "player": maybe(TEXT),
    "seed": maybe(whole(0, SEED)),
    "options": TABLE,
    "meta": TABLE,
}
SUMS: Rules = {  # beside these, of an episode that is on the disk
    "total_steps": whole(1, 131_071),
    "seconds": number(0),
    "aborted": FLAG,
    "totals": Kind(
        "table of numbers",
        lambda v: isinstance(v, dict) and all(map(NUMBER.holds, v.values())),
    ),
}
META: Rules = {  # may be missing, each of them
    "device": TEXT,
    "raw_names": listed(TEXT, NAMES),
    "rating": maybe(whole(1, 5)),
    "marks": maybe(listed(whole(0, 131_071), 131_072)),
    "tick": number(1e-6, 1e6),
    "joined": whole(1, 131_071), "absent": listed(NAME, NAMES),
    "trimmed": TABLE, "play": maybe(TABLE), "filled": DISTINCT,
    "left": FLAG, "broken_off": TEXT,
}  # fmt: skip
PLAYED: Rules = {
    "person": maybe(TEXT),
    "agent": maybe(TEXT),
    "sha256": maybe(TEXT),
    "level": maybe(TEXT),
    "seat": TEXT,
    "horizon": NUMBER,
}
_TRIMMED: Rules = {
    "first": whole(0, 131_071),
    "last": whole(1, 131_071),
    "of": whole(1, 131_071),
    "before": ANY_LIST,
}
REVISION_FACTS: Rules = {
    "world": NAME,
    "fingerprint": NAME,
    "world_description": TABLE,
    "terms": DISTINCT,
    "costs": DISTINCT,
    "north_star": maybe(NAME),
    "description": TEXT,
    "provenance": TABLE,
    "created": TEXT,
    "observation_space": TEXT,
    "action_space": TEXT,
}
_EDIT: Rules = {
    "verb": TEXT,
    "what": TEXT,
    "when": TEXT,
    "parent": maybe(Kind("name of a revision", lambda v: bool(_is_revision(v)))),
    "of": whole(0, EPISODES),
    "episodes": listed(Kind("place of an episode", lambda v: bool(_is_origin(v))), EPISODES),
    "changed": listed(whole(0, EPISODES), EPISODES),
}


def require(facts: Any, rules: Rules, where: str = "", missing: bool = False) -> None:
    """Raise ValueError, as the end of a sentence, if facts are not as the rules say.

    Args:
        facts: a table, or not even that.
        rules: what has to be there, and of what kind.
        where: begins the name of each key: "meta.".
        missing: whether keys may be missing.
    """
    if not isinstance(facts, dict):
        raise ValueError(f"{where.rstrip('.') or 'it'} is no table of facts")
    for name, kind in rules.items():
        if name in facts:
            if not kind.holds(facts[name]):
                value = shown(facts[name])
                raise ValueError(f"{where}{name} is {value}, which is no {kind.words}")
        elif not missing:
            raise ValueError(f"{where}{name} is missing")


def require_episode(facts: Any, on_disk: bool = True) -> None:
    """Raise ValueError if these are no facts of an episode."""
    require(facts, EPISODE)
    meta = facts["meta"]
    require(meta, META, "meta.", missing=True)
    if "trimmed" in meta:
        _require_trimmed(meta["trimmed"])
    if (play := meta.get("play")) is not None:
        more = {"rival": maybe(NUMBER), "settle_steps": whole(0, 131_071)}
        require(play, {**PLAYED, **more}, "meta.play.", missing=True)
        if play.get("coach"):
            require(play, {"seat": TEXT}, "meta.play.")
    if on_disk:
        require(facts, SUMS)
        cut, steps = meta.get("trimmed"), facts["total_steps"]
        if cut is not None and cut["last"] - cut["first"] != steps:
            raise ValueError(f"meta.trimmed does not leave {steps} steps")


def _require_trimmed(cut: Any) -> None:
    require(cut, _TRIMMED, "meta.trimmed.")
    others = cut.get("others", {})
    require({"others": others}, {"others": TABLE}, "meta.trimmed.")
    lists = [cut["before"], *others.values()]
    if not cut["first"] < cut["last"] <= cut["of"]:
        raise ValueError("meta.trimmed does not say which steps are left")
    if any(not isinstance(v, list) or len(v) != cut["first"] for v in lists):
        raise ValueError("meta.trimmed does not hold the actions before its first step")


def require_revision(name: str, facts: Any) -> None:
    """Raise ValueError if these are no facts of the revision of that name."""
    require(facts, {"format": whole(1, 1_000_000), **REVISION_FACTS})
    described = facts["world_description"]
    require(described, {"params": maybe(TABLE), "agents": listed(NAME, NAMES)},
            "world_description.", missing=True)  # fmt: skip
    if shared := set(facts["terms"]) & set(facts["costs"]):
        raise ValueError(f"{shown(min(shared))} is a term and a cost")
    edit = facts.get("edit")
    if edit is None:
        return
    require(edit, _EDIT, "edit.")
    before = edit["parent"]
    if before is None:  # merged or split: its episodes come from other datasets
        return
    # Made of what was there: an origin that is later would make a circle.
    own = _is_revision(name)
    places = (_is_origin(text) for text in edit["episodes"])
    earlier = [
        _is_revision(before),
        *(REVISION.fullmatch(f"revision-v{p[2]}") for p in places if p),
    ]
    if own and any(found is None or int(found[1]) >= int(own[1]) for found in earlier):
        raise ValueError("edit says that it was made from what came later")


def require_printable(data: bytes, found: Any) -> None:
    """Raise ValueError if JSON, in bytes and as it was read, holds characters that a terminal obeys."""
    if not _ESCAPED.search(data):  # nearly always: half of the bytes are figures
        return
    below = [found]
    while below:
        value = below.pop()
        if isinstance(value, dict):
            below += [*value, *value.values()]
        elif isinstance(value, list):
            below += value
        elif isinstance(value, str) and (bad := _UNPRINTABLE.search(value)):
            raise ValueError(f"it holds the character U+{ord(bad[0]):04X}, which cannot be shown")


def shown(value: Any) -> str:
    """A value in a sentence, short."""
    if isinstance(value, dict | list):
        return f"a {'table' if isinstance(value, dict) else 'list'} of {len(value):,}"
    text = repr(value) if len(str(value)) < 10_000 else repr(str(value)[:100])
    return ascii(text)[1:-1] if len(text) <= 60 else f"{ascii(text[:57])[1:-1]}..."


def _is_revision(value: Any) -> re.Match[str] | None:
    return REVISION.fullmatch(value) if isinstance(value, str) else None


def _is_origin(value: Any) -> re.Match[str] | None:
    return _ORIGIN.fullmatch(value) if isinstance(value, str) else None
