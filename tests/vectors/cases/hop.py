"""Edits to the hops of a provenance, signed anew or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tests.vectors.cases.cast import ANN, BOB, CAT
from tests.vectors.cases.forward import packed
from tests.vectors.format1 import COMMENT_BYTES, Person, b64, canonical, lp, sha256


def only(*hops: dict[str, str]) -> Callable[[list[dict[str, str]]], None]:
    """These hops, and no others."""

    def change(made: list[dict[str, str]]) -> None:
        made[:] = hops

    return change


def comment_of(lines: Sequence[str]) -> str:
    """A signature comment of these lines."""
    return "".join(line + "\n" for line in lines).ljust(COMMENT_BYTES - 1) + "\n"


def drop_lines(comment: bytes) -> bytes:
    """A comment with empty lines in the place of its signatures."""
    lines = comment.decode("ascii").splitlines()[:4]
    return comment_of([*lines, "", ""]).encode("ascii")


def sign_hop(hop: dict[str, str], who: Person) -> None:
    """Sign a hop's envelope, whatever it says, as somebody."""
    lines = hop["comment"].splitlines()
    lines[1] = who.fingerprint
    lines[2] = sha256(hop["envelope"].encode("utf-8"))
    ed25519, ml_dsa_65 = who.keys.sign("bundle", lp(*lines[1:4]))
    hop["comment"] = comment_of([*lines[:4], b64(ed25519), b64(ml_dsa_65)])


def joined(hops: list[dict[str, str]]) -> None:
    """Another bundle's hop in the place of the first."""
    hops[0] = packed("x6", ANN, [BOB]).hop


def signed_by_cat(hops: list[dict[str, str]]) -> None:
    """The first hop, signed by `cat`."""
    sign_hop(hops[0], CAT)


def claimed_by_bob(hops: list[dict[str, str]]) -> None:
    """The first hop, as if `bob` had packed the bundle."""
    envelope = json.loads(hops[0]["envelope"])
    envelope["sender"] = BOB.fingerprint
    hops[0]["envelope"] = canonical(envelope).decode("utf-8")
    sign_hop(hops[0], BOB)
