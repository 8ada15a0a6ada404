"""People inside workbooks, documents, databases and archives."""

from __future__ import annotations

import io
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.drives.innocent_tables import statistics
from tests.drives.making import (
    bzip2_bytes,
    csv_bytes,
    document_bytes,
    gzip_bytes,
    pdf_bytes,
    save_workbook,
    slides_bytes,
    spreadsheet_bytes,
    sqlite_bytes,
    tar_bytes,
    workbook_bytes,
    writing_bytes,
    xz_bytes,
    zip_bytes,
)
from tests.drives.person import make_people, make_person
from tests.drives.planted_tables import Planted, people_rows
from tests.drives.planted_texts import case_note, letter


def make_workbooks(random: Random) -> Iterator[Planted]:
    import openpyxl
    from openpyxl.comments import Comment

    people = make_people(random, 20)
    rows, harmless = people_rows(people), statistics(random)

    def book() -> tuple[openpyxl.Workbook, object]:
        made = openpyxl.Workbook()
        for row in harmless:
            made.active.append(list(row))
        return made, made.active

    def add(made: openpyxl.Workbook, state: str) -> None:
        sheet = made.create_sheet("Sheet2")
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = state

    yield "books/people.xlsx", workbook_bytes({"list": rows}), "name"
    yield "books/renamed.bin", workbook_bytes({"list": rows}), "name"
    for state in ("visible", "hidden", "veryHidden"):
        made, _ = book()
        add(made, state)
        yield f"books/second-{state}.xlsx", save_workbook(made), "name"
    made, sheet = book()
    for number, p in enumerate(people, start=2):
        sheet.cell(number, 12, p.email)  # type: ignore[attr-defined]
    sheet.column_dimensions["L"].hidden = True  # type: ignore[attr-defined]
    yield "books/hidden-column.xlsx", save_workbook(made), "email"
    made, sheet = book()
    sheet.append([people[0].ni])  # type: ignore[attr-defined]
    sheet.row_dimensions[len(harmless) + 1].hidden = True  # type: ignore[attr-defined]
    yield "books/hidden-row.xlsx", save_workbook(made), "ni"
    made, sheet = book()
    sheet["B2"].comment = Comment(f"ask {people[1].email}", "desk")  # type: ignore[index]
    yield "books/comment.xlsx", save_workbook(made), "email"
    made, sheet = book()
    sheet.oddFooter.center.text = f"Case of {people[2].email}"  # type: ignore[attr-defined]
    yield "books/footer.xlsx", save_workbook(made), "email"
    made = openpyxl.Workbook()
    for row, line in enumerate(rows):
        for column, text in enumerate(line):
            made.active.cell(row + 6, column + 3, text)
    yield "books/offset.xlsx", save_workbook(made), "name"
    made = openpyxl.Workbook()
    made.active.append(["case", "dob"])
    for number, p in enumerate(people):
        made.active.append([number, p.born])
    yield "books/true-dates.xlsx", save_workbook(made), "birth"
    made = openpyxl.Workbook()
    made.active.append(["nhs number", "visits"])
    for p in people:
        made.active.append([int(p.nhs.replace(" ", "")), 3])
    yield "books/true-numbers.xlsx", save_workbook(made), "nhs"
    cached = (
        '<?xml version="1.0"?><pivotCacheDefinition><cacheFields><cacheField name="email">'
        "<sharedItems>"
        + "".join(f'<s v="{p.email}"/>' for p in people)
        + "</sharedItems></cacheField></cacheFields></pivotCacheDefinition>"
    )
    data = io.BytesIO(workbook_bytes({"totals": harmless}))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("xl/pivotCache/pivotCacheDefinition1.xml", cached)
    yield "books/pivot-cache.xlsx", data.getvalue(), "email"
    yield "books/people.ods", spreadsheet_bytes({"list": rows}), "name"
    hidden = spreadsheet_bytes({"totals": harmless, "list": rows}, hidden="list")
    yield "books/hidden-sheet.ods", hidden, "name"


def make_documents(random: Random) -> Iterator[Planted]:
    people = make_people(random, 10)
    p, rows = people[0], people_rows(people)
    yield "papers/letter.docx", document_bytes(letter(p)), "name"
    yield "papers/table.docx", document_bytes(["Attached"], rows), "name"
    header = document_bytes(["Nothing here"], header=f"Client {p.email}")
    yield "papers/header.docx", header, "email"
    import docx

    document = docx.Document()
    paragraph = document.add_paragraph()
    for part in (p.ni[:4], p.ni[4:7], p.ni[7:]):
        paragraph.add_run(part).bold = len(part) > 3
    data = io.BytesIO()
    document.save(data)
    yield "papers/split-runs.docx", data.getvalue(), "ni"
    inner = io.BytesIO(document_bytes(["See the sheet inside"]))
    with zipfile.ZipFile(inner, "a") as archive:
        archive.writestr("word/embeddings/sheet1.xlsx", workbook_bytes({"s": rows}))
        archive.writestr(
            "word/comments.xml", f"<w:comments><w:p><w:t>{p.ni}</w:t></w:p></w:comments>"
        )
    yield "papers/embedded.docx", inner.getvalue(), "name"
    yield "papers/letter.odt", writing_bytes(letter(p)), "name"
    yield "papers/slides.pptx", slides_bytes(["Case review", case_note(p)]), "birth"
    yield "papers/letter.pdf", pdf_bytes(letter(p)), "name"
    yield "papers/note.pdf", pdf_bytes([case_note(p)]), "birth"
    yield "papers/table.pdf", pdf_bytes([], [[q.name, q.ni, q.dob] for q in people]), "ni"
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.embed_file(bytes=csv_bytes(rows), basename="people.csv")
    yield "papers/attached.pdf", bytes(pdf.output()), "name"


def make_databases(random: Random) -> Iterator[Planted]:
    people = make_people(random, 20)
    rows = people_rows(people)
    yield "data/people.sqlite", sqlite_bytes({"log": statistics(random), "t2": rows}), "name"
    yield "data/app.db", sqlite_bytes({"users": rows}), "name"
    numbers = [["nhs", "n"], *([int(p.nhs.replace(" ", "")), 1] for p in people)]
    yield "data/no-suffix", sqlite_bytes({"x": numbers}), "nhs"  # type: ignore[dict-item]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.db"
        base = sqlite3.connect(path)
        base.execute("CREATE TABLE note (body BLOB)")
        base.execute("INSERT INTO note VALUES (?)", (case_note(people[0]).encode(),))
        base.commit()
        base.close()
        yield "data/blobs.db", path.read_bytes(), "birth"


def make_archives(random: Random) -> Iterator[Planted]:
    p = make_person(random)
    table = csv_bytes(people_rows(make_people(random, 25)))
    note = case_note(p).encode()
    yield "packed/people.zip", zip_bytes({"a/people.csv": table}), "name"
    yield "packed/stored.zip", zip_bytes({"people.csv": table}, zipfile.ZIP_STORED), "name"
    yield "packed/bzip.zip", zip_bytes({"people.csv": table}, zipfile.ZIP_BZIP2), "name"
    yield "packed/lzma.zip", zip_bytes({"people.csv": table}, zipfile.ZIP_LZMA), "name"
    nested = zip_bytes({"b.zip": zip_bytes({"c.zip": zip_bytes({"people.csv": table})})})
    yield "packed/nested.zip", nested, "name"
    yield "packed/people.csv.gz", gzip_bytes(table), "name"
    yield "packed/two-parts.gz", gzip_bytes(b"nothing\n") + gzip_bytes(note), "birth"
    yield "packed/people.bz2", bzip2_bytes(table), "name"
    yield "packed/people.xz", xz_bytes(table), "name"
    yield "packed/people.tar", tar_bytes({"x/people.csv": table}), "name"
    yield "packed/people.tgz", tar_bytes({"x/people.csv": table}, "w:gz"), "name"
    yield "packed/people.tar.bz2", tar_bytes({"x/people.csv": table}, "w:bz2"), "name"
    yield "packed/people.tar.xz", tar_bytes({"x/people.csv": table}, "w:xz"), "name"
    yield "packed/mixed.tar.gz", tar_bytes({"in.zip": zip_bytes({"n.txt": note})}, "w:gz"), "birth"
    yield "packed/database.gz", gzip_bytes(sqlite_bytes({"t": people_rows([p])})), "name"
    yield "packed/books.zip", zip_bytes({"b.xlsx": workbook_bytes({"s": people_rows([p])})}), "name"
    yield "packed/papers.zip", zip_bytes({"b.pdf": pdf_bytes([case_note(p)])}), "birth"
    yield "packed/extracts-itself.exe", b"MZ" + bytes(600) + zip_bytes({"p.csv": table}), "name"
    yield "packed/named.zip", zip_bytes({f"{p.ni.replace(' ', '')}.txt": b"x"}), "file-name"


def make_planted_files(random: Random) -> Iterator[Planted]:
    yield from make_workbooks(random)
    yield from make_documents(random)
    yield from make_databases(random)
    yield from make_archives(random)
