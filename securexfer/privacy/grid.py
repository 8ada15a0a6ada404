"""Personal data in a table: what its columns are called, and what so many of their cells are.

A table is of people if a column has their names, their dates of birth, or identifiers that only
people have. Postcodes, telephone numbers and addresses count in such a table alone: others are of
places and firms. A table of names and counts, as of statistics, is of nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from securexfer.privacy.folding import words_of
from securexfer.privacy.glance import DATE_CELL, FEW, glance
from securexfer.privacy.identifiers import Evidence, judge
from securexfer.privacy.kinds import KINDS
from securexfer.privacy.mailbox import SIGN, find_personal
from securexfer.privacy.person import count_names
from securexfer.privacy.prose import BIRTH, NAME, Prose, normalise
from securexfer.privacy.search import look
from securexfer.privacy.trace import Trace

ADDRESS, PSEUDONYM = "address", "pseudonym"
_NAMES = frozenset(
    "forename forenames firstname fname fnames given givenname christian surname surnames lastname "
    "lname sname family familyname maiden middlename secondname fullname".split()
)
# What people are called, or things: their cells decide.
_ROLES = frozenset(
    "name names client clients patient tenant customer employee officer contact person people "
    "owner applicant defendant offender prisoner inmate witness victim driver staff pupil student "
    "resident claimant member participant respondent fn cn attendee recipient sender child mother "
    "father "
    "carer guardian subject holder landlord passenger guest "
    "user worker manager teacher doctor nurse elector voter".split()
)
# Who made something, and signed it.
_AUTHORS = frozenset("author authors maintainer maintainers creator licensor copyright".split())
_FEW_NAMES = 3
_BIRTHS = frozenset("dob birth born birthday birthdate bday dateofbirth".split())
_ADDRESSES = frozenset("address addr street road house flat line1 address1 residence".split())
# Other numbers have the look and the check digits of identifiers.
_THINGS = frozenset(
    "isbn ean gtin upc issn sku barcode product item part model batch lot asset catalogue order "
    "invoice code uprn usrn lsoa msoa timestamp epoch counter txn transaction hash commit".split()
)
_SERIAL_DATE = r"^[1-4]?[0-9]{4}(?:\.0+)?$"
_PSEUDONYM = r"^[a-z][a-z0-9_]{0,63}_[0-9a-f]{24}$"
_MOBILE = (
    r"^(?:\+?44 ?|0044 ?)?\(?0?\)?7[0-9]{3} ?[0-9]{3} ?[0-9]{3}$|^(?:\+44|0) ?7[0-9]{3} ?[0-9]{6}$"
)
_COUNTS = frozenset(
    "count counts rank number n total frequency freq percent share year change".split()
)
# Longer cells are text; shorter ones can't be more than one thing.
_LONGEST, _SHORTEST_TEXT = 36, 10
_HALF, _MOST, _SOME = 0.5, 0.9, 0.2
# Only people have these; what has few of them in much else is judged by their share.
_OF_PEOPLE = (
    "nhs",
    "ni",
    "pnc",
    "cro",
    "driving-licence",
    "passport",
    "prison",
    "crn",
    "card",
    "iban",
    "vehicle",
)
# What else cells are, and what is quick to ask of it.
_LOOKS = {
    "token": ("_[0-9a-f]{24}", _PSEUDONYM),
    "number": ("(?m)^[+-]?[0-9]", r"^[+-]?[0-9][0-9,.]*%?$"),
    "mobile": ("7[0-9]{3} ?[0-9]{3}", _MOBILE),
    "isbn": ("[0-9]X", r"^[0-9]{9}X$"),
}


@dataclass
class Column:
    """What was seen of one column, over all its blocks; all are counts of cells."""

    name: str
    evidence: dict[str, Evidence] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def share(self, what: str) -> float:
        """Of cells that are not blank."""
        return self.seen[what] / max(self.seen["filled"], 1)


class Grid:
    """Looks at a table, block by block, and judges it at the end.

    Args:
        names: of its columns; empty where it has no header.
        has_emails: whether addresses are to be counted, or have been already.
    """

    def __init__(self, names: Sequence[str], *, has_emails: bool = True) -> None:
        self._has_emails = has_emails
        self._columns = [Column(name) for name in names]
        self._prose = Prose()

    def add(self, columns: Sequence[pl.Series]) -> None:
        """Look at some cells of each column, as texts; they need not be as many in all."""
        texts = []
        for column, cells in zip(self._columns, columns, strict=True):
            cells = cells.drop_nulls().str.strip_chars()
            cells = normalise(cells.filter(cells != ""))
            if not cells.len():
                continue
            column.seen["filled"] += cells.len()
            lengths = cells.str.len_chars()
            trace = Trace(cells)
            # No kind has neither digits nor an address's sign.
            if trace.may_have("[0-9\u0660-\uffff]"):
                for slug, one in _look(cells.filter(lengths <= _LONGEST)).items():
                    column.evidence.setdefault(slug, Evidence(0, 0, 0)).add(one)
            if trace.may_have(r"[^\W\d_].*[ =:]|[ =:].*[^\W\d_]|\n"):
                is_text = cells.str.contains(r"\p{L}.*[ =:]|[ =:].*\p{L}|\n")
                texts.append(cells.filter((lengths >= _SHORTEST_TEXT) & is_text))
            _see(column, cells, trace, has_emails=self._has_emails)
        for cells in texts:
            lines = cells.str.split("\n").explode() if cells.str.contains("\n").any() else cells
            self._prose.add(lines)

    def judge(self) -> dict[str, int]:
        """What the table holds, by kind, in cells."""
        found: Counter[str] = Counter()
        aside: Counter[str] = Counter()
        for column in self._columns:
            if column.seen["filled"]:
                self._judge_column(column, found, aside)
        self._judge_names(found)
        # In cells of text an address may stand, which its column has counted already.
        written = Counter(self._prose.judge())
        found.update({k: n for k, n in written.items() if k != "email" and k not in found})
        if any(n for kind, n in found.items() if kind != PSEUDONYM):
            found.update(aside)
        return {kind: n for kind, n in found.items() if n}

    def _judge_column(self, column: Column, found: Counter[str], aside: Counter[str]) -> None:
        words = words_of(column.name)
        is_thing = bool(words & _THINGS)
        found["email"] += column.seen["email"]
        if column.share("token") >= _HALF:
            found[PSEUDONYM] += column.seen["token"]
        is_birth = words & _BIRTHS
        if is_birth and max(column.share("date"), column.share("serial")) >= _HALF:
            found[BIRTH] += max(column.seen["date"], column.seen["serial"])
        if words & _ADDRESSES and column.share("words") < _MOST:
            aside[ADDRESS] += column.seen["filled"]
        for one in judge([column.name], column.evidence, column.seen["filled"]):
            kind, n = KINDS[one.kind], one.n_cells - one.n_embedded
            is_named = bool(words & kind.words)
            if not n or one.kind == "email":
                continue
            if one.kind == "phone":
                is_mobile = column.share("mobile") >= _HALF and not is_thing
                (found if is_mobile and (is_named or column.share("mobile") > _MOST) else aside)[
                    "phone"
                ] += n
            elif one.kind in _OF_PEOPLE:
                if is_thing and not is_named:
                    continue
                if one.kind == "nhs" and not is_named and column.seen["isbn"]:
                    continue
                if kind.is_weak and not is_named:
                    continue
                found[one.kind] += n
            elif not is_thing:
                aside[one.kind] += n

    def _judge_names(self, found: Counter[str]) -> None:
        """Names of people, by what the columns are called or by who is in them."""
        called = [c for c in self._columns if _called(c, _NAMES) and c.share("words") >= _HALF]
        if called and self._is_statistics(called):
            called = []
        found[NAME] += sum(c.seen["words"] for c in called)
        rest = [c for c in self._columns if c not in called and c.seen["filled"]]
        for column in rest:
            share = column.share("whole")
            if _called(column, _AUTHORS):
                continue
            is_list = share >= _HALF and column.seen["whole"] >= _FEW_NAMES
            if is_list or (_called(column, _ROLES) and share >= _SOME):
                found[NAME] += column.seen["whole"]
        if called:
            return
        # Two columns, of first and of last names, one of them the more surely the fewer know it.
        given = [c for c in rest if c.share("given") >= _HALF]
        family = [c for c in rest if c.share("family") >= 0.3 and c not in given]
        if given and family:
            found[NAME] += sum(c.seen["words"] for c in (*given, *family))

    def _is_statistics(self, called: list[Column]) -> bool:
        """Whether all but the names are counts."""
        others = [c for c in self._columns if c not in called and c.seen["filled"]]
        is_counted = any(words_of(c.name) & _COUNTS for c in others)
        return is_counted and all(c.share("number") >= _MOST for c in others)


def tells_of_people(name: str) -> bool:
    """Whether a column is called so that names, births or identifiers of people are in it."""
    words = words_of(name)
    called = words & (_NAMES | _BIRTHS) or any(words & KINDS[slug].words for slug in _OF_PEOPLE)
    return bool(called) and not words & _THINGS


def _look(cells: pl.Series) -> dict[str, Evidence]:
    if cells.len() <= FEW:
        return glance(cells.to_list())
    return look(cells.to_frame("cell"), ["cell"]).get("cell", {})


def _called(column: Column, words: frozenset[str]) -> bool:
    return bool(words_of(column.name) & words)


def _see(column: Column, cells: pl.Series, trace: Trace, *, has_emails: bool) -> None:
    """Count what the cells of a block are, but for identifiers."""
    seen = column.seen
    if trace.may_have(r"[^\W\d_]"):
        named = count_names(cells)
        seen.update(named)
        if has_emails and trace.may_have(SIGN):
            seen["email"] += find_personal(cells)[1]
        if named["words"] == cells.len():
            return
    if words_of(column.name) & _BIRTHS:
        seen["date"] += sum(DATE_CELL.match(cell) is not None for cell in cells.to_list())
        seen["serial"] += int(cells.str.contains(_SERIAL_DATE).sum())
    for what, (first, pattern) in _LOOKS.items():
        if trace.may_have(first):
            seen[what] += int(cells.str.contains(pattern).sum())
