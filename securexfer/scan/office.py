"""Workbooks, documents, presentations: XLSX, DOCX, PPTX, ODS, ODT, ODP. All are ZIP files of XML.

Cells and paragraphs are found where they stand, with all that a reader does not see: hidden sheets,
rows and columns, comments, headers, and what pivot tables keep of their sources. Nothing is
resolved or calculated, and nothing is in memory as a whole but the texts that cells share.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator

from securexfer.scan.ledger import Ledger
from securexfer.scan.markup import look_at_markup
from securexfer.scan.source import MIB, BoundError, Source
from securexfer.scan.text import look_through, read_blocks

SHARED = "xl/sharedStrings.xml"
_SHEET = re.compile(r"xl/(?:worksheets|macrosheets|chartsheets)/[^/]*\.xml$")
# How a file is shown, and by whom it was saved.
_ASIDE = re.compile(
    r"(?:docProps|customXml|_rels|META-INF|Configurations2|Thumbnails)/|.*/_rels/|.*/theme/|"
    r"(?:.*/)?(?:styles|settings|webSettings|fontTable|numbering|meta|manifest|calcChain|tableStyles|presProps"
    r"|viewProps|\[Content_Types\])\.(?:xml|rdf)$|(?:.*/)?(?:slideMasters|slideLayouts|notesMasters)/"
)
_TEXTS = re.compile(r"(?:word|ppt)/.*\.xml$|(?:.*/)?content\.xml$")
_TEXT = re.compile(r"<(?:\w+:)?t(?:\s[^<>]{0,200})?>([^<>]*)</")
_CELL = re.compile(r"<c\b([^<>]{0,400}?)(?:/>|>(.*?)</c>)", re.DOTALL)
_VALUE = re.compile(r"<v(?:\s[^<>]{0,100})?>([^<>]*)</v>")
_PLACE = re.compile(r'\br="([A-Z]{1,3})[0-9]{1,7}"')
_TABLE = re.compile(r"<(?:w:tbl|a:tbl|table:table)(?:\s[^<>]{0,1000})?>")
_ROW = re.compile(r"<(w:tr|a:tr|table:table-row)\b.*?</\1>", re.DOTALL)
_ROW_CELL = re.compile(
    r"<(?:w:tc|a:tc|table:(?:covered-)?table-cell)\b([^<>]{0,1000}?)(?:/>|>(.*?)</(?:w:tc|a:tc|table:(?:covered-)?table-cell)>)",
    re.DOTALL,
)
_REPEATED = re.compile(r'number-columns-repeated="([0-9]{1,5})"')
_END = re.compile(r"</(?:w|a|text):(?:p|h)>|<(?:w:br|w:cr|a:br|text:line-break)\b[^<>]{0,200}/>")
_TAB = re.compile(r"<(?:w:tab|text:tab|text:s)\b[^<>]{0,200}/>")
_TAG = re.compile(r"<[^<>]{0,20000}>")
_HIDDEN = re.compile(
    r'\bstate="(?:hidden|veryHidden)"|<(?:row|col)\b[^<>]{0,400}\bhidden="(?:1|true)"|table:visibility="(?:collapse|filter)"|table:display="false"'
)
_PIVOT = re.compile(
    r'<cacheField\b[^<>]{0,400}?\bname="([^"<>]{0,200})"[^<>]{0,400}>(.*?)</cacheField>', re.DOTALL
)
_PIVOT_VALUE = re.compile(r'<[snd]\b[^<>]{0,200}?\bv="([^"<>]{0,2000})"')
_ROWS_AT_ONCE, _MAX_SHARED, _MAX_WIDTH, _MAX_REPEATED = 4000, 128 * MIB, 1000, 64


def is_office(names: list[str]) -> bool:
    """Whether a ZIP file with these members is one of these."""
    return "[Content_Types].xml" in names or ("mimetype" in names and "content.xml" in names)


def is_aside(name: str) -> bool:
    """Whether a member says only how the file is shown, and who saved it."""
    return _ASIDE.match(name) is not None


class Office:
    """Reads the members of one file; the texts that cells share come first."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._shared: list[str] = []

    def read_shared(self, source: Source) -> None:
        """The texts that cells refer to by number.

        Raises:
            BoundError: if they are more than may be in memory.
        """
        n = 0
        for item in _elements(source, "si"):
            text = html.unescape("".join(_TEXT.findall(item)))
            self._shared.append(text)
            n += len(text) + 64
            if n > _MAX_SHARED:
                raise BoundError("too-large")

    def read(self, name: str, source: Source) -> None:
        """Look through a member that is XML."""
        if _SHEET.match(name):
            self._read_sheet(source)
        elif _TEXTS.match(name):
            self._read_text(source)
        elif name.startswith("xl/pivotCache/"):
            self._read_pivot(source)
        elif name == "xl/workbook.xml":
            self._note_hidden(source.peek(MIB).decode("utf-8", "replace"))
        else:
            look_at_markup(self._lines(source), self._ledger)

    def _read_sheet(self, source: Source) -> None:
        from securexfer.privacy.reading import RowLook

        look = RowLook()
        rows: list[list[str]] = []
        for row, around in _elements_and_rest(source, "row"):
            self._note_hidden(around)
            if row:
                rows.append(self._cells(row))
            if len(rows) >= _ROWS_AT_ONCE:
                look.add(rows)
                rows = []
            texts = _TEXT.findall(around) + re.findall(
                r"<(?:odd|even|first)(?:Header|Footer)>([^<>]+)<", around
            )
            if texts:
                look_through(iter(["\n".join(map(html.unescape, texts))]), self._ledger)
        if rows:
            look.add(rows)
        self._ledger.note(look.judge())

    def _cells(self, row: str) -> list[str]:
        cells: list[str] = []
        for attributes, content in _CELL.findall(row):
            place = _PLACE.search(attributes)
            number = _column(place[1]) if place else len(cells)
            if number >= _MAX_WIDTH:
                number = len(cells)
            cells += [""] * (number + 1 - len(cells))
            cells[number] = self._cell(attributes, content)
        return cells

    def _cell(self, attributes: str, content: str) -> str:
        value = _VALUE.search(content)
        if value is None:
            return html.unescape("".join(_TEXT.findall(content)))
        if 't="s"' in attributes:
            index = value[1]
            known = index.isdigit() and len(index) < 10 and int(index) < len(self._shared)
            return self._shared[int(index)] if known else ""
        return _plain_number(value[1]) if "E" in value[1] else html.unescape(value[1])

    def _read_text(self, source: Source) -> None:
        from securexfer.privacy.reading import RowLook

        looks = [RowLook()]
        for block in self._lines(source):
            for number, part in enumerate(_TABLE.split(block)):
                if number:
                    looks.append(RowLook())
                rows = [row for found in _ROW.finditer(part) if len(row := _cells_of(found[0])) > 1]
                if rows:
                    looks[-1].add(rows)
            look_through(iter([_flatten(block)]), self._ledger)
        for kind, n in sum((Counter(look.judge()) for look in looks), Counter()).items():
            # Its cells are among the lines as well.
            self._ledger.found[kind] = max(self._ledger.found[kind], n)

    def _read_pivot(self, source: Source) -> None:
        from securexfer.privacy.reading import ColumnLook

        look = ColumnLook()
        for block in self._lines(source):
            for name, content in _PIVOT.findall(block):
                values = map(html.unescape, _PIVOT_VALUE.findall(content))
                look.add_pairs((html.unescape(name), value) for value in values)
            if "pivotCacheRecords" in block:
                look.add_pairs(("", html.unescape(v)) for v in _PIVOT_VALUE.findall(block))
        self._ledger.note(look.judge())

    def _lines(self, source: Source) -> Iterator[str]:
        """Blocks that end where an element ends."""
        held = ""
        for block in read_blocks(source):
            text = held + block
            end = max(
                text.rfind("</w:tbl>"), text.rfind("</table:table-row>"), text.rfind("</w:p>"), 0
            )
            end = text.find(">", end) + 1 if end and len(block) >= MIB else len(text)
            held = text[end:]
            if "table:" in text[:4096]:
                self._note_hidden(text)
            yield text[:end]
        if held:
            yield held

    def _note_hidden(self, text: str) -> None:
        if not self._ledger.is_hidden and _HIDDEN.search(text):
            self._ledger.is_hidden = True


def _elements(source: Source, tag: str) -> Iterator[str]:
    return (element for element, _ in _elements_and_rest(source, tag) if element)


def _elements_and_rest(source: Source, tag: str) -> Iterator[tuple[str, str]]:
    """Each element of a name as it stands, and what stands before it; at the end, what is left."""
    pattern = re.compile(rf"<{tag}\b[^<>]{{0,2000}}(?:/>|>.*?</{tag}>)", re.DOTALL)
    held = ""
    for block in read_blocks(source):
        held += block
        done = 0
        for found in pattern.finditer(held):
            # What hides a row is said in its own tag.
            yield found[0], held[done : found.start()] + found[0].partition(">")[0] + ">"
            done = found.end()
        held = held[done:]
        if len(held) > 64 * MIB:
            raise BoundError("too-large")
    yield "", held


def _cells_of(row: str) -> list[str]:
    cells: list[str] = []
    for attributes, content in _ROW_CELL.findall(row):
        again = _REPEATED.search(attributes)
        n = min(int(again[1]), _MAX_REPEATED) if again else 1
        cells += [_flatten(content).strip()] * n
    return cells


def _flatten(text: str) -> str:
    return html.unescape(_TAG.sub("", _TAB.sub(" ", _END.sub("\n", text))))


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _plain_number(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if abs(number) < 1e18 and number == int(number) else text
