"""Personal data in running text: by its look, by what stands before it, or by a name near it.

Some identifiers are like nothing else: one is enough. Others are digits like any, and count where
the text says what they are. A postcode or a telephone number is of a place or a firm, unless a
person is named within a few lines. Lines come in the order of the text; results are counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from securexfer.privacy.folding import fold_text
from securexfer.privacy.kinds import KINDS
from securexfer.privacy.mailbox import SIGN, SIGNED, find_unsigned
from securexfer.privacy.person import NAME_TRACE, has_name
from securexfer.privacy.spotting import spans_in, valid_in
from securexfer.privacy.trace import Trace

NAME, BIRTH = "name", "birth"
_EDGE, _END = "(?:^|[^A-Za-z0-9])", "(?:$|[^A-Za-z0-9])"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE = (
    rf"(?:[0-9]{{1,2}}(?:st|nd|rd|th)?[ /.-](?:[0-9]{{1,2}}|{_MONTH})[ ,/.-]{{1,2}}"
    r"(?:(?:19|20)[0-9]{2}|[0-9]{2})"
    rf"|(?:19|20)[0-9]{{2}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}|(?:19|20)[0-9]{{6}}"
    rf"|[0-3][0-9][01][0-9](?:19|20)[0-9]{{2}}|[0-9]{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)[0-9]{{2}})"
)
_BIRTH_WORD = r"d\.?o\.?b\b\.?|date[ _]of[ _]birth|birth[ _]?dat(?:e|um)|\bb(?:orn|day|irthday)\b"
_BORN = rf"(?i){_BIRTH_WORD}"
# Greedy to the first digit and never back, so that a word again and again takes no longer.
_BIRTH = re.compile(
    rf"(?i)(?:{_BIRTH_WORD})[^0-9\n]{{0,25}}+(?:\n[^0-9\n]{{0,10}}+)?{_DATE}(?![0-9])"
)
# By their look alone.
_STRONG = {
    "ni": "[A-Za-z]{2}[ ./-]{0,3}[0-9]{2}",
    "driving-licence": "[A-Za-z9]{5} ?[0-9][0156][0-9]",
}
# Digits like others: by the word before them, on their line or up to two lines above.
_NAMED = {
    "nhs": r"(?i)nhs|\bpatient",
    "prison": r"(?i)\bprison|\bnomis|\bnoms\b",
    "crn": r"(?i)\bcrn\b|\bprobation",
    "passport": r"(?i)\bpassport",
    "card": r"(?i)\bcards?\b|\bvisa\b|mastercard|\bamex\b|\bdebit\b|\bcredit\b",
    "pnc": r"(?i)\bpnc",
    "cro": r"(?i)\bcro\b",
}
# Without the word, so many of them must be there, and so many that look alike must pass the check.
_MANY, _SHARE = 3, 0.5
_ALONE = {
    "nhs": rf"{_EDGE}[0-9]{{3}}[ -][0-9]{{3}}[ -][0-9]{{4}}{_END}",
    "card": rf"{_EDGE}(?:[0-9]{{4}}[ -]){{3}}[0-9]{{4}}{_END}",
    "pnc": rf"{_EDGE}(?:19|20)?[0-9]{{2}}/[0-9]{{5,7}}[A-Z]{_END}",
    "cro": rf"{_EDGE}[0-9]{{5,6}}/[0-9]{{2}}[A-Z]{_END}",
    "iban": rf"{_EDGE}[A-Z]{{2}}[0-9]{{2}} ?[A-Z0-9]{{4}}",
}
# Of anybody, until a person is named near them.
_WEAK = {
    "postcode": rf"{_EDGE}(?:{KINDS['postcode'].pattern}){_END}",
    "phone": r"(?:^|[^0-9A-Za-z.])\(?(?:0[12378]|\+ ?44)[0-9 ()-]{7,}",
    "iban": _ALONE["iban"],
}
_NEAR = 6
_PIECE = 400
_DASHES = r"[\x{2010}-\x{2015}\x{2212}]"
# Nobody has a passport whose number is a date or a sum.
_PASSPORT = re.compile(r"(?i)\bpassport\b[^0-9\n]{0,30}\n?\W{0,5}([A-Z]?[0-9]{8,9})(?![0-9])")


class Prose:
    """Looks at a text, block by block, and judges it at the end."""

    def __init__(self) -> None:
        self._found: Counter[str] = Counter()
        self._shaped: Counter[str] = Counter()
        self._valid: Counter[str] = Counter()

    def add(self, lines: pl.Series) -> None:
        """Look at some lines of text."""
        lines = normalise(lines.fill_null(""))
        trace = Trace(lines)
        if trace.may_have(SIGN):
            self._found["email"] += find_unsigned(lines)[1]
        for slug, rough in _STRONG.items():
            if trace.may_have(rough):
                self._found[slug] += self._count_valid(lines, slug)
        named = self._add_named(lines, trace)
        self._add_alone(lines, named, trace)
        self._add_near(lines, trace)

    def judge(self) -> dict[str, int]:
        """What the text holds, by kind, in places."""
        found = Counter(self._found)
        for slug in self._shaped:
            n_valid = self._valid[slug]
            if n_valid >= _MANY and n_valid >= _SHARE * self._shaped[slug]:
                found[slug] += n_valid
        return {slug: n for slug, n in found.items() if n}

    def _count_valid(self, lines: pl.Series, slug: str) -> int:
        kind = KINDS[slug]
        rough = rf"(?i){_EDGE}(?:{kind.pattern}){_END}"
        rows = lines.filter(lines.str.contains(rough)).to_list()
        return sum(len(valid_in(fold_text(line)[0], kind)) for line in rows)

    def _add_named(self, lines: pl.Series, trace: Trace) -> Mapping[str, set[int]]:
        """Count what is called by its name; returns the lines where it stands."""
        places: dict[str, set[int]] = {}
        for slug, word in _NAMED.items():
            seen: set[int] = set()
            if not trace.may_have(word):
                continue
            for row, window in _windows(lines, word):
                if slug == "passport":
                    self._found[slug] += len(_PASSPORT.findall("\n".join(window)))
                    continue
                for below, line in enumerate(window):
                    if row + below in seen:
                        break
                    n = len(valid_in(fold_text(line)[0], KINDS[slug]))
                    if n:
                        seen.add(row + below)
                        self._found[slug] += n
                        break
            places[slug] = seen
        births = _windows(lines, _BORN) if trace.may_have(_BORN) else ()
        for _, window in births:
            # A line that says what the next one is counts here; what both say is one date.
            text = "\n".join(window[:2]) if not _BIRTH.search(window[0]) else window[0]
            self._found[BIRTH] += len(_BIRTH.findall(text))
        return places

    def _add_alone(self, lines: pl.Series, named: Mapping[str, set[int]], trace: Trace) -> None:
        for slug, rough in _ALONE.items():
            if not trace.may_have(rough):
                continue
            rows = lines.str.contains(rough).arg_true().to_list()
            for row in rows:
                if row in named.get(slug, ()):
                    continue
                for _, _, is_valid in spans_in(fold_text(lines[row])[0], KINDS[slug]):
                    self._shaped[slug] += 1
                    self._valid[slug] += is_valid

    def _add_near(self, lines: pl.Series, trace: Trace) -> None:
        likely_kinds = [slug for slug, rough in _WEAK.items() if trace.may_have(rough)]
        if not likely_kinds or not trace.may_have("[A-Z]"):
            return
        pieces = _cut(lines)
        weak = {
            slug: pieces.str.contains(_WEAK[slug]).arg_true().to_list() for slug in likely_kinds
        }
        if not any(weak.values()):
            return
        is_likely = pieces.str.contains(NAME_TRACE) & ~pieces.str.contains(SIGNED)
        likely = set(is_likely.arg_true().to_list())
        known: dict[int, bool] = {}

        def is_named(row: int) -> bool:
            if row not in known:
                known[row] = row in likely and has_name(pieces[row])
            return known[row]

        people: set[int] = set()
        for slug, rows in weak.items():
            for row in rows:
                around = [r for r in range(row - _NEAR, row + _NEAR + 1) if is_named(r)]
                if around and (n := len(valid_in(fold_text(pieces[row])[0], KINDS[slug]))):
                    self._found[slug] += n
                    people.update(around)
        self._found[NAME] += len(people)


def look_at_prose(lines: Sequence[str]) -> dict[str, int]:
    """What some lines of text hold, by kind, in places."""
    prose = Prose()
    prose.add(pl.Series(lines, dtype=pl.String))
    return prose.judge()


def normalise(lines: pl.Series) -> pl.Series:
    """Lines with plain spaces and dashes, and full-width letters and the like as usual ones."""
    rare = (lines.str.len_bytes() != lines.str.len_chars()).arg_true()
    if rare.len():
        plain = lines.gather(rare).str.normalize("NFKC").str.replace_all(r"\p{Cf}", "")
        lines = lines.scatter(rare, plain.str.replace_all(_DASHES, "-"))
        lines = lines.str.replace_all("[\\x{00A0}\\x{2007}\\x{202F}]", " ")
    return lines.str.replace_all("\t", " ", literal=True)


def _windows(lines: pl.Series, word: str) -> Iterator[tuple[int, list[str]]]:
    """Lines with a word, each with the two below it, without blank ones."""
    for row in lines.str.contains(word).arg_true().to_list():
        below = [line for line in lines[row + 1 : row + 6].to_list() if line.strip()]
        yield row, [lines[row], *below[:2]]


def _cut(lines: pl.Series) -> pl.Series:
    """Long lines in pieces, so that near means the same in all."""
    if not lines.len() or (lines.str.len_bytes().max() or 0) <= 2 * _PIECE:  # type: ignore[operator]
        return lines
    return (
        lines.str.extract_all(rf".{{1,{_PIECE}}}(?:[\s,;>]|$)|.{{{_PIECE}}}")
        .explode()
        .fill_null("")
    )
