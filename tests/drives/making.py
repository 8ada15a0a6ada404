"""Files of many formats, from rows and lines."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from typing import Literal

Rows = Sequence[Sequence[str]]


def csv_text(rows: Rows, delimiter: str = ",", *, ends: str = "\n", quoted: bool = False) -> str:
    text = io.StringIO(newline="")
    quoting: Literal[0, 1] = 1 if quoted else 0
    csv.writer(text, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(rows)
    return text.getvalue()


def csv_bytes(rows: Rows, delimiter: str = ",") -> bytes:
    return csv_text(rows, delimiter).encode()


def zip_bytes(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 1, 9, 0, 0)), content, method)
    return data.getvalue()


def tar_bytes(members: Mapping[str, bytes], mode: str = "w") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def gzip_bytes(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def bzip2_bytes(content: bytes) -> bytes:
    return bz2.compress(content)


def xz_bytes(content: bytes) -> bytes:
    return lzma.compress(content)


def sqlite_bytes(tables: Mapping[str, Rows]) -> bytes:
    base = sqlite3.connect(":memory:")
    for name, rows in tables.items():
        columns = ", ".join(f'"{column}"' for column in rows[0])
        base.execute(f'CREATE TABLE "{name}" ({columns})')
        marks = ", ".join("?" * len(rows[0]))
        base.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows[1:])
    base.commit()
    data = base.serialize()
    base.close()
    return data


def workbook_bytes(sheets: Mapping[str, Rows]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    return save_workbook(book)


def save_workbook(book: object) -> bytes:
    data = io.BytesIO()
    book.save(data)  # type: ignore[attr-defined]
    return data.getvalue()


def document_bytes(paragraphs: Sequence[str], rows: Rows = (), header: str = "") -> bytes:
    import docx

    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    if rows:
        table = document.add_table(rows=0, cols=len(rows[0]))
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    if header:
        document.sections[0].header.paragraphs[0].text = header
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def pdf_bytes(lines: Sequence[str], rows: Rows = ()) -> bytes:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for line in lines:
        if line:
            pdf.multi_cell(0, 6, line.encode("latin-1", "replace").decode("latin-1"))
            pdf.ln(1)
    for row in rows:
        for cell in row:
            pdf.cell(45, 6, cell)
        pdf.ln()
    return bytes(pdf.output())


def spreadsheet_bytes(sheets: Mapping[str, Rows], hidden: str = "") -> bytes:
    """An ODS workbook."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.style import Style, TableProperties
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book = OpenDocumentSpreadsheet()
    unseen = Style(name="unseen", family="table")
    unseen.addElement(TableProperties(display="false"))
    book.automaticstyles.addElement(unseen)
    for title, rows in sheets.items():
        table = Table(name=title, stylename=unseen if title == hidden else None)
        for row in rows:
            line = TableRow()
            for text in row:
                cell = TableCell(valuetype="string")
                cell.addElement(P(text=text))
                line.addElement(cell)
            table.addElement(line)
        book.spreadsheet.addElement(table)
    data = io.BytesIO()
    book.write(data)
    return data.getvalue()


def writing_bytes(paragraphs: Sequence[str]) -> bytes:
    """An ODT document."""
    from odf.opendocument import OpenDocumentText
    from odf.text import P

    document = OpenDocumentText()
    for text in paragraphs:
        document.text.addElement(P(text=text))
    data = io.BytesIO()
    document.write(data)
    return data.getvalue()


def slides_bytes(texts: Sequence[str]) -> bytes:
    """A PPTX presentation: as much of one as holds its text."""
    paragraphs = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in texts)
    slide = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><p:sld xmlns:a="urn:a" '
        f'xmlns:p="urn:p"><p:cSld><p:spTree><p:sp><p:txBody>{paragraphs}</p:txBody></p:sp>'
        "</p:spTree></p:cSld></p:sld>"
    )
    types = '<?xml version="1.0"?><Types><Default Extension="xml"/></Types>'
    return zip_bytes(
        {
            "[Content_Types].xml": types.encode(),
            "ppt/presentation.xml": b"<p:presentation/>",
            "ppt/slides/slide1.xml": slide.encode(),
        }
    )
