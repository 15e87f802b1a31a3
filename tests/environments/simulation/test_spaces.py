"""Random spaces: what is flattened can be read back by its parts, and lies in the space that is declared."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from environments.external.games.adapters import flatten_observation
from environments.external.games.own_actions import (
    counted_space,
    idle_action_of,
    is_counted,
    own_rows,
    to_own,
)
from environments.external.games.step_values import (
    InvalidObservation,
    check_observation,
    observation_reader,
)
from environments.external.guard import Bounds
from environments.external.trial.facts import Facts, read_facts
from environments.simulation.observation_parts import (
    Part,
    choices,
    flat_mask,
    is_picture,
    parts_of_space,
    read_parts,
    with_mask,
)
from environments.system.errors import UserError

settings.register_profile(
    "spaces", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
SPACES = settings.get_profile("spaces")

sides = st.integers(1, 3)
shapes = st.lists(sides, min_size=0, max_size=3).map(tuple)
names = st.text("abcxyz_", min_size=1, max_size=3)
kinds_of_number = st.sampled_from([np.float32, np.float64, np.int64, np.int8])


@st.composite
def boxes(draw):
    shape, kind = draw(shapes), draw(kinds_of_number)
    make: Any = spaces.Box
    low = draw(st.integers(-100, 99))
    high = draw(st.integers(low, 100))
    if np.dtype(kind).kind == "f" and draw(st.booleans()):
        ends = draw(st.sampled_from([(-np.inf, np.inf), (low, np.inf), (-np.inf, high)]))
        return make(*ends, shape, kind)
    return make(low, high, shape, kind)


pictures = st.lists(sides, min_size=2, max_size=3).map(
    lambda shape: spaces.Box(0, 255, tuple(shape), np.uint8)
)
discretes = st.tuples(st.integers(1, 5), st.integers(-3, 3)).map(
    lambda ends: spaces.Discrete(ends[0], start=ends[1])
)
multi_discretes = st.lists(st.integers(1, 4), min_size=1, max_size=3).flatmap(
    lambda nvec: st.lists(st.integers(-2, 2), min_size=len(nvec), max_size=len(nvec)).map(
        lambda start: spaces.MultiDiscrete(np.array(nvec), start=np.array(start))
    )
)
multi_binaries = st.one_of(
    st.integers(1, 4).map(spaces.MultiBinary),
    st.lists(sides, min_size=1, max_size=2).map(spaces.MultiBinary),
)
actions = st.one_of(discretes, multi_discretes, multi_binaries, boxes())
leaves = st.one_of(boxes(), pictures, discretes, multi_discretes, multi_binaries)
nested = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.dictionaries(names, inner, min_size=1, max_size=3).map(spaces.Dict),
        st.lists(inner, min_size=1, max_size=3).map(spaces.Tuple),
    ),
    max_leaves=6,
)
seeds = st.integers(0, 2**31 - 1)


def leaves_of(space: Any, value: Any):
    """Each leaf of a space with its value, in the order in which Gymnasium flattens them."""
    if isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            yield from leaves_of(part, value[key])
    elif isinstance(space, spaces.Tuple):
        for part, one in zip(space.spaces, value, strict=True):
            yield from leaves_of(part, one)
    else:
        yield space, value


def sampled(space, seed):
    space.seed(seed)
    return space.sample()


@SPACES
@given(nested, seeds)
def test_a_flattened_observation_is_read_back_by_its_parts(space, seed):
    value = sampled(space, seed)
    box, flatten = flatten_observation(space, "Toy-v0")
    read = observation_reader(space, flatten)
    flat = np.zeros(box.shape, box.dtype)
    flat[...] = read(value)
    assert not Bounds(box).outside(flat[None, None], np.ones((1, 1), bool))
    assert flat.dtype == box.dtype
    parts = parts_of_space(space)
    assert sum(part.size for part in parts) == flat.size
    assert len({part.name for part in parts}) == len(parts)
    assert read_parts([part.as_json() for part in parts]) == parts
    at = 0
    found = list(leaves_of(space, value))
    assert len(found) == len(parts)
    for part, (leaf, one) in zip(parts, found, strict=True):
        piece = flat.reshape(-1)[at : at + part.size]
        wanted = np.asarray(spaces.utils.flatten(leaf, one)).reshape(-1)
        assert (piece == wanted.astype(box.dtype)).all()
        assert (part.kind == "image") == is_picture(leaf)
        assert part.shape == (leaf.shape if is_picture(leaf) else (part.size,))
        at += part.size


@SPACES
@given(actions, seeds)
def test_an_action_counted_from_0_becomes_one_of_the_environment(space, seed):
    counted = counted_space(space, "Toy-v0")
    convert: Any = to_own(space)
    chosen = sampled(counted, seed)
    assert space.contains(convert(chosen))
    if isinstance(space, spaces.Discrete):
        ends = (0, int(space.n) - 1)
        assert [int(convert(np.int64(end)) - space.start) for end in ends] == list(ends)
        assert not space.contains(convert(np.int64(space.n)))
        assert not space.contains(convert(np.int64(-1)))


@SPACES
@given(boxes(), st.one_of(discretes, multi_discretes, multi_binaries), st.integers(0, 2))
def test_a_mask_has_one_number_a_choice(seen, space, wrong):
    box, _ = flatten_observation(seen, "Toy-v0")
    counted = counted_space(space, "Toy-v0")
    size = choices(counted)
    masked = with_mask(box, size)
    assert masked.shape == (int(np.prod(seen.shape)) + size,)
    assert (masked.low[-size:] == 0).all()
    assert (masked.high[-size:] == 1).all()
    whole = flat_mask(np.ones(size, np.int8), size, "Toy-v0")
    assert whole.dtype == np.float32
    assert whole.tolist() == [1.0] * size
    pieces = np.split(np.ones(size), sorted({0, size // 2}))
    assert (flat_mask(pieces, size, "Toy-v0") == whole).all()
    for other in {max(size - 1 - wrong, 0), size + 1 + wrong}:
        with pytest.raises(UserError, match=f"has {other} numbers; there are {size} choices"):
            flat_mask(np.ones(other), size, "Toy-v0")


@SPACES
@given(nested, actions)
def test_facts_come_back_from_json(seen, space):
    box, _ = flatten_observation(seen, "Toy-v0")
    counted = counted_space(space, "Toy-v0")
    facts = Facts(
        ("a", "b"),
        3,
        None,
        7,
        ("speed",),
        ("hit",),
        box,
        counted,
        parts_of_space(seen),
        False,
        own_action_space=space,
    )
    back = read_facts(facts.as_json())
    assert back == facts
    assert back.observation_space.dtype == box.dtype
    assert back.action_space.dtype == counted.dtype
    assert back.own_action_space == space
    assert back.own_action_space.dtype == space.dtype


@SPACES
@given(nested, seeds)
def test_what_is_sampled_fits_and_what_lacks_a_part_does_not(space, seed):
    value = sampled(space, seed)
    check_observation(space, value, "")
    if isinstance(space, spaces.Dict):
        key = next(iter(space.spaces))
        fewer = {name: one for name, one in value.items() if name != key}
        with pytest.raises(InvalidObservation, match="gave an observation of"):
            check_observation(space, fewer, "")
    elif isinstance(space, spaces.Tuple):
        count = len(space.spaces)
        with pytest.raises(InvalidObservation, match=f"of {count - 1} parts, not {count}"):
            check_observation(space, value[:-1], "")


@pytest.mark.parametrize("space", [spaces.Text(3), spaces.Sequence(spaces.Discrete(2))])
def test_what_has_no_fixed_size_is_refused(space):
    with pytest.raises(UserError):
        counted_space(space, "Toy-v0")
    if isinstance(space, spaces.Sequence):
        with pytest.raises(UserError, match="has no fixed size"):
            flatten_observation(space, "Toy-v0")


@pytest.mark.parametrize("kinds", [["mask", "vector"], ["vector", "mask", "mask"]])
def test_the_mask_is_the_last_part(kinds):
    parts = [Part(str(k), kind, (2,)).as_json() for k, kind in enumerate(kinds)]
    with pytest.raises(ValueError, match="the last part"):
        read_parts(parts)
    assert read_parts(parts[-1:])[0].kind == kinds[-1]


def test_a_part_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="a vector, an image or a mask"):
        read_parts([["a", "sound", [2]]])


@pytest.mark.parametrize(
    ("low", "high", "shape", "kind", "picture"),
    [
        (0, 255, (2, 3), np.uint8, True),
        (0, 255, (2, 3, 3), np.uint8, True),
        (0, 255, (6,), np.uint8, False),
        (0, 255, (1, 2, 3, 3), np.uint8, False),
        (1, 255, (2, 3), np.uint8, False),
        (0, 254, (2, 3), np.uint8, False),
        (0, 255, (2, 3), np.int16, False),
    ],
)
def test_a_picture_is_all_bytes_in_two_or_three_dimensions(low, high, shape, kind, picture):
    assert is_picture(spaces.Box(low, high, shape, kind)) == picture


# ------------------------------------------------------------------ actions in an environment's own numbers

OWN = [
    spaces.Box(-0.1, 0.1, (2,), np.float64),
    spaces.Box(np.array([-1 / 3, 0.7]), np.array([0.1, 1e9 / 3]), dtype=np.float64),
    spaces.Box(-0.1, 0.3, (3,), np.float16),
    spaces.Box(-3, 3, (2,), np.int64),
    spaces.Box(0, 255, (1,), np.uint8),
    spaces.Box(np.iinfo(np.int64).min, np.iinfo(np.int64).max, (2,), np.int64),
    spaces.Box(-np.inf, np.inf, (2,), np.float32),
    spaces.Box(0, np.inf, (2,), np.float32),
    spaces.Box(-1, 1, (), np.float32),
    spaces.Box(-1, 1, (2, 3), np.float32),
    spaces.MultiBinary([2, 2]),
    spaces.MultiDiscrete(np.array([[2, 3], [4, 2]])),
    spaces.MultiDiscrete([3, 2], start=[1, -5]),
    spaces.Discrete(3, start=-1),
]


@pytest.mark.parametrize("own", OWN, ids=str)
def test_what_is_sent_is_in_the_environments_own_space(own):
    counted, convert = counted_space(own, "Toy-v0"), to_own(own)
    counted.seed(1)
    given = [counted.sample() for _ in range(20)]
    if isinstance(counted, spaces.Box):
        given += [counted.low, counted.high, np.full_like(counted.low, 1e20), -counted.high]
    else:
        assert len(counted.shape) <= 1
    for action in given:
        assert own.contains(convert(action)), (action, convert(action))
    several = own_rows(own)(np.stack(given)) if own.shape != () or counted.shape else None
    if several is not None:
        assert all(own.contains(one) for one in several)


@pytest.mark.parametrize(("given", "sent"), [(0.99, 1), (-0.99, -1), (1.4, 1), (2.6, 3), (99, 3)])
def test_whole_numbers_are_rounded(given, sent):
    convert = to_own(spaces.Box(-3, 3, (1,), np.int64))
    assert convert(np.array([given], np.float32)).tolist() == [sent]


@pytest.mark.parametrize(
    ("own", "alike"),
    [
        (spaces.Discrete(3), True),
        (spaces.Discrete(3, start=1), False),
        (spaces.MultiDiscrete([2, 3]), True),
        (spaces.MultiDiscrete([2, 3], start=[0, 1]), False),
        (spaces.MultiDiscrete(np.array([[2, 3]])), False),
        (spaces.MultiBinary(3), True),
        (spaces.MultiBinary([3, 1]), False),
        (spaces.Box(-1, 1, (2,), np.float64), True),
        (spaces.Box(-1, 1, (2,), np.int64), False),
        (spaces.Box(-1, 1, (), np.float32), False),
    ],
)
def test_which_actions_are_our_own_already(own, alike):
    assert is_counted(own) == alike


@pytest.mark.parametrize(
    ("own", "idle"),
    [
        (spaces.Discrete(3, start=-1), 1),
        (spaces.Discrete(3, start=5), 0),
        (spaces.Discrete(3, start=-9), 2),
        (spaces.MultiDiscrete([3, 8], start=[1, -5]), [0, 5]),
        (spaces.Box(2, 5, (1,), np.float32), [2]),
        (spaces.Box(-5, -2, (1,), np.float64), [-2]),
        (spaces.Box(-1, 1, (), np.float32), [0]),
        (spaces.MultiBinary([2, 2]), 0),
    ],
)
def test_idle_is_nothing_in_the_environments_numbers(own, idle):
    found = idle_action_of(own)
    assert np.asarray(found).tolist() == idle
    filled = np.zeros(counted_space(own, "").shape, counted_space(own, "").dtype)
    filled[...] = found
    assert counted_space(own, "").contains(filled if filled.shape else filled[()])
