"""Mutants: the modules of two rooms, each with one small mistake in it.

What is changed: comparisons, `and`, `or`, `not`, arithmetic, numbers by one either way, texts,
truth values, conditions, bounds of slices, arguments by keyword, classes that are caught, `break`
and `continue`, statements that do something, values that are returned, and every `raise`.

What is not: the words of errors and docstrings, annotations that nobody evaluates, imports, and
`from None`, which changes what a debugger shows and nothing else.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import TypeVar

from tests.checks.altered import text_of

T = TypeVar("T", bound=ast.AST)
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Attributes:
        module: as in `bundle.reader`.
        line: of the text as it is.
        name: the function or class it is in, what stood there, and what stands there now.
        text: of the whole module.
    """

    module: str
    line: int
    name: str
    text: str


def mutants_of(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its text; names are unique."""
    seen: Counter[str] = Counter()
    for mutant in _mutants_of(module):
        seen[mutant.name] += 1
        n = seen[mutant.name]
        yield mutant if n == 1 else replace(mutant, name=f"{mutant.name} (place {n})")


def _mutants_of(module: str) -> Iterator[Mutant]:
    tree = ast.parse(text_of(module))
    # Only pydantic evaluates annotations.
    has_models = "pydantic" in text_of(module)
    for site in _sites(tree, "", has_models):
        for variant in _variants(site.node):
            site.put(variant)
            name = f"{module}{site.within}: `{_shown(site.node)}` -> `{_shown(variant)}`"
            yield Mutant(module, site.line, name, ast.unparse(tree))
        site.put(site.node)


@dataclass(frozen=True)
class _Site:
    """A node, and where it hangs."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    within: str
    line: int

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def _sites(parent: ast.AST, within: str, has_models: bool, line: int = 0) -> Iterator[_Site]:
    if isinstance(parent, ast.FunctionDef | ast.ClassDef):
        within = f"{within}.{parent.name}"
    for field, value in ast.iter_fields(parent):
        if _is_left_alone(parent, field, has_models):
            continue
        is_list = isinstance(value, list)
        for i, node in enumerate(value if is_list else [value]):
            if not isinstance(node, ast.AST) or _is_docstring(parent, field, i, node):
                continue
            at = getattr(node, "lineno", line)
            yield _Site(node, parent, field, i if is_list else None, within, at)
            # The words of an error are not a matter of behaviour.
            if not isinstance(node, ast.Raise | ast.Import | ast.ImportFrom):
                yield from _sites(node, within, has_models, at)


def _is_left_alone(parent: ast.AST, field: str, has_models: bool) -> bool:
    if field == "annotation":
        return not (has_models and isinstance(parent, ast.AnnAssign))
    if field in ("returns", "decorator_list"):
        return not (field == "decorator_list" and isinstance(parent, ast.ClassDef))
    # `Literal[...]` is a promise to the type checker, but to pydantic a rule.
    return (
        field == "slice"
        and isinstance(parent, ast.Subscript)
        and ast.unparse(parent.value) == "Literal"
        and not has_models
    )


def _is_docstring(parent: ast.AST, field: str, index: int, node: ast.AST) -> bool:
    return (
        field == "body"
        and index == 0
        and isinstance(parent, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
    )


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Raise() | ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Constant():
            yield from map(ast.Constant, _other_values(node.value))
        case ast.Compare():
            yield from _other_comparisons(node)
        case ast.BoolOp():
            yield from _other_conditions(node)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _ARITHMETIC and not _is_type(node):
            yield _with(node, op=_ARITHMETIC[type(node.op)]())
        case ast.Call():
            for i in range(len(node.keywords)):
                if node.keywords[i].arg:
                    yield _with(node, keywords=_without(node.keywords, i))
        case ast.Slice():
            yield from (_with(node, **{bound: None}) for bound in _bounds(node))
        case ast.ExceptHandler(type=ast.Tuple(elts=classes)):
            for i in range(len(classes)):
                yield _with(node, type=ast.Tuple(_without(classes, i), ast.Load()))
    match node:
        case ast.AugAssign() if type(node.op) in _ARITHMETIC:
            yield _with(node, op=_ARITHMETIC[type(node.op)]())
        case ast.If() | ast.While() | ast.IfExp() if not isinstance(
            node.test, ast.Compare | ast.BoolOp | ast.UnaryOp
        ):
            yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))


def _other_values(value: object) -> Iterator[bool | int | str | bytes]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    elif isinstance(value, str):
        yield f"XX{value}"
    elif isinstance(value, bytes):
        yield b"XX" + value


def _other_comparisons(node: ast.Compare) -> Iterator[ast.AST]:
    for i, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            yield _with(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]])


def _other_conditions(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for i in range(len(node.values)):
        left = _without(node.values, i)
        yield left[0] if len(left) == 1 else _with(node, values=left)


def _bounds(node: ast.Slice) -> list[str]:
    return [bound for bound in ("lower", "upper") if getattr(node, bound) is not None]


def _is_type(node: ast.BinOp) -> bool:
    """`int | None` and the like, which only a type checker or `isinstance` reads."""
    return isinstance(node.op, ast.BitOr) and ast.unparse(node) in (
        "str | None",
        "str | int",
        "PinnedSender | None",
    )


def _with(node: ast.AST, **fields: object) -> ast.AST:
    other = copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _without(items: list[T], index: int) -> list[T]:
    return [item for i, item in enumerate(items) if i != index]


def _shown(node: ast.AST) -> str:
    """One line of it; of a compound statement its condition."""
    line = " ".join(ast.unparse(node).split())
    if isinstance(node, ast.If | ast.While):
        line = f"if {ast.unparse(node.test)}"
    elif isinstance(node, ast.ExceptHandler) and node.type is not None:
        line = f"except {ast.unparse(node.type)}"
    return line if len(line) <= 90 else f"{line[:60]} … {line[-25:]}"
