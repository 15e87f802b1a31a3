"""Mutants of a source file: one small change each, as a mutation tester makes them, and nothing on the disk.

The operators are the usual ones (Jia and Harman, "An Analysis and Survey of the Development of Mutation
Testing", IEEE TSE 2011): comparisons, arithmetic, numbers, and/or, not, min/max, a clip left out, a statement
left out, a return of nothing. Docstrings, annotations and decorators are left as they are, and strings too.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum",
           "maximum": "minimum", "floor": "ceil", "ceil": "floor"}  # fmt: skip
CLIPS = {"clamp", "clip"}

Edit = tuple[
    str, Callable[[ast.AST], ast.AST]
]  # what it does, and a new node from a copy of the old one


@dataclass(frozen=True)
class Mutant:
    """One change of one file; where it is told without line numbers, so that it survives other edits."""

    line: str  # the source line, without its indentation
    change: str  # "a < b -> a <= b"
    occurrence: int  # among the mutants of this line and change, from 0
    number: int  # of the line
    tree: ast.Module

    @property
    def key(self) -> tuple[str, str, int]:
        """What names it among the mutants of its file."""
        return self.line, self.change, self.occurrence


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a source text, in the order of its lines."""
    tree, lines = ast.parse(source), source.splitlines()
    _without_cache(tree)
    seen: Counter[tuple[str, str]] = Counter()
    nodes = sorted(_reachable(tree), key=lambda node: (node.lineno, node.col_offset))
    for node in nodes:
        for what, edit in _edits(node):
            line = lines[node.lineno - 1].strip()
            changed = _replaced(tree, node, edit)
            yield Mutant(line, what, seen[line, what], node.lineno, changed)
            seen[line, what] += 1


def _without_cache(tree: ast.Module) -> None:
    """Numba finds its cache by the file and would run what was compiled from the original."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "cache":
            node.value = ast.Constant(False)


def _reachable(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """All expressions and statements but annotations, decorators, strings and what assertions say."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "format_spec", "msg"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.AST):
                if isinstance(node, ast.expr | ast.stmt):
                    yield node
                if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                    yield from _reachable(node)


def _replaced(tree: ast.Module, old: ast.AST, edit: Callable[[ast.AST], ast.AST]) -> ast.Module:
    """A copy of the tree with one node edited."""
    memo: dict[int, ast.AST] = {}
    new = edit(copy.deepcopy(old))
    memo[id(old)] = ast.copy_location(new, old)
    return ast.fix_missing_locations(copy.deepcopy(tree, memo))


def _edits(node: ast.expr | ast.stmt) -> Iterator[Edit]:
    for new in _changed(node):
        yield f"{_told(node)} -> {_told(new)}", lambda _, new=new: copy.deepcopy(new)  # type: ignore[misc]


def _told(node: ast.AST) -> str:
    """The code of a node; of a statement with a body its head alone."""
    return ast.unparse(node).split("\n")[0]


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    """What a node may be changed into."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in COMPARED[type(operator)]:
                new = copy.deepcopy(node)
                new.ops[place] = other()
                yield new
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        if type(node.op) in CALCULATED:
            yield _with(node, op=CALCULATED[type(node.op)]())
        if isinstance(node, ast.AugAssign):
            yield ast.Pass()
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in _other_values(node.value))
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        if not isinstance(node.test, ast.Compare):
            yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Return):
        if node.value is not None and not _is_none(node.value):
            yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Call):
            yield ast.Pass()
    elif isinstance(node, ast.Assign):
        if not all(isinstance(target, ast.Name) for target in node.targets):
            yield ast.Pass()
    elif isinstance(node, ast.Raise | ast.Continue | ast.Break | ast.Assert):
        yield ast.Pass()


def _with(node: ast.AST, **fields: ast.AST) -> ast.AST:
    new = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _other_values(value: object) -> list[int | float]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value * 2, value / 2] if value else [1.0]
    return []


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    """min for max; a clip or bound left out, whichever of its arguments is then left."""
    name = node.func.id if isinstance(node.func, ast.Name) else None
    method = node.func.attr if isinstance(node.func, ast.Attribute) else None
    if name in SWAPPED:
        yield _with(node, func=ast.Name(SWAPPED[name], ast.Load()))
        if name in ("min", "max") and len(node.args) > 1:
            yield from node.args
    if isinstance(node.func, ast.Attribute) and method in SWAPPED:
        yield _with(node, func=_with(node.func, attr=SWAPPED[method]))  # type: ignore[arg-type]
    if isinstance(node.func, ast.Attribute) and method in CLIPS:
        of_a_library = isinstance(node.func.value, ast.Name) and node.func.value.id in (
            "np",
            "torch",
        )
        yield node.args[0] if of_a_library else node.func.value
