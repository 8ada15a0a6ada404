"""Taking one check out of a module.

A check is named by a piece of its text, as `ast.unparse` spells it, which must be there once:

- a condition: what is raised under it is not raised any more (the condition is still evaluated);
- one part of an `and` or `or`: it does not count any more;
- a statement that calls something: it is not called;
- a handler that translates an error: it is there no more, or, where nothing but a call was tried,
  whose only word is the error, the error is overlooked;
- a `raise`, by its beginning: it is not there; `refuse()` is one by another name;
- an argument by keyword: it is not passed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.checks.altered import Alteration, text_of


@dataclass(frozen=True)
class _Found:
    """A place that fits, how to take it out, and what is raised there."""

    remove: Callable[[], None]
    raised: tuple[ast.stmt, ...] = ()


def remove(module: str, piece: str, within: str = "") -> Alteration:
    """The module without the check; without a piece, all of it.

    Raises:
        ValueError: unless there is exactly one such piece (in the function `within`).
    """
    tree = ast.parse(text_of(module))
    if piece:
        _one(tree, module, piece, within).remove()
    return Alteration(module, ast.unparse(ast.fix_missing_locations(tree)))


def raised_by(module: str, piece: str, within: str = "") -> set[int]:
    """Lines of the `raise` statements that the check guards."""
    tree = ast.parse(text_of(module))
    return {node.lineno for node in _one(tree, module, piece, within).raised}


def raises_of(module: str) -> dict[int, str]:
    """Every `raise` of a module: line to text."""
    tree = ast.parse(text_of(module))
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return {one.lineno: ast.unparse(one) for one in statements if _is_raise(one)}


def _one(tree: ast.Module, module: str, piece: str, within: str) -> _Found:
    scopes: list[ast.AST] = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == within
    ]
    found = [place for scope in scopes or [tree] for place in _places(scope, piece)]
    if len(found) != 1 or bool(scopes) != bool(within):
        raise ValueError(f"{module} has {len(found)} places with {piece!r}, not one")
    return found[0]


def _places(tree: ast.AST, piece: str) -> Iterator[_Found]:
    for node in ast.walk(tree):
        match node:
            case ast.If():
                if ast.unparse(node.test) == piece:
                    yield _Found(_quietly(node.body), _raised(node.body))
                elif isinstance(node.test, ast.BoolOp):
                    yield from _parts(node.test, piece, _raised(node.body))
            case ast.Try():
                for handler in node.handlers:
                    if " ".join(ast.unparse(handler).split()).startswith(piece):
                        yield _Found(_without_handler(node, handler), _raised(handler.body))
            case ast.Call():
                for i, argument in enumerate(node.keywords):
                    if ast.unparse(argument) == piece:
                        yield _Found(_deleted(node.keywords, i))
        for body in (getattr(node, name, []) for name in ("body", "orelse")):
            for i, statement in enumerate(body if isinstance(body, list) else []):
                if _is_raise(statement) and ast.unparse(statement).startswith(piece):
                    yield _Found(_replaced(body, i, ast.Pass()), (statement,))
                elif isinstance(statement, ast.Expr) and ast.unparse(statement) == piece:
                    yield _Found(_replaced(body, i, ast.Pass()))


def _parts(test: ast.BoolOp, piece: str, raised: tuple[ast.stmt, ...]) -> Iterator[_Found]:
    for i, value in enumerate(test.values):
        if ast.unparse(value) == piece:
            neutral = ast.Constant(isinstance(test.op, ast.And))
            yield _Found(_replaced(test.values, i, neutral), raised)


def _raised(body: list[ast.stmt]) -> tuple[ast.stmt, ...]:
    return tuple(statement for statement in body if _is_raise(statement))


def _is_raise(node: ast.stmt) -> bool:
    return isinstance(node, ast.Raise) or (
        isinstance(node, ast.Expr) and ast.unparse(node) == "refuse()"
    )


def _quietly(body: list[ast.stmt]) -> Callable[[], None]:
    def remove() -> None:
        body[:] = [ast.Pass() if _is_raise(node) else node for node in body]

    return remove


def _without_handler(node: ast.Try, handler: ast.ExceptHandler) -> Callable[[], None]:
    def remove() -> None:
        is_only_word = isinstance(node.body[0], ast.Expr)
        handler.body[:] = [ast.Pass() if is_only_word else ast.Raise()]

    return remove


def _replaced(items: list[ast.expr] | list[ast.stmt], i: int, new: ast.AST) -> Callable[[], None]:
    def remove() -> None:
        items[i] = new  # type: ignore[call-overload]

    return remove


def _deleted(items: list[ast.keyword], i: int) -> Callable[[], None]:
    def remove() -> None:
        del items[i]

    return remove
