"""What a workbook holds that its reader does not tell: error cells and formulas without a value come from it as empty cells.

The XML of the sheet is read a second time, for those cells alone, and for the last row that holds anything.
"""

import posixpath
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

_BLOCK = 1 << 20
_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass
class Scan:
    """Rows and columns count from 0."""

    faults: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    last_row: int = -1


def scan(path: Path, sheet: str) -> Scan:
    """Raises what zipfile and expat raise of a damaged workbook."""
    with zipfile.ZipFile(path) as archive, archive.open(_member(archive, sheet)) as file:
        cells = _Cells()
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = cells.start
        parser.EndElementHandler = cells.end
        parser.CharacterDataHandler = cells.text
        while block := file.read(_BLOCK):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    return cells.scan


def _member(archive: zipfile.ZipFile, sheet: str) -> str:
    """The part of the package that holds the sheet."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): one.get("Target") or "" for one in relations}
    for one in book.iter():
        if one.tag.endswith("}sheet") and one.get("name") == sheet:
            relation = next((value for key, value in one.items() if key == _OFFICE or key.endswith("}id")), None)
            return posixpath.normpath(posixpath.join("/xl", targets[relation])).lstrip("/")
    raise KeyError(sheet)


class _Cells:
    def __init__(self) -> None:
        self.scan = Scan()
        self._row = self._column = -1
        self._kind = ""
        self._formula = self._value = self._reading = False
        self._text = ""

    def start(self, tag: str, attributes: dict[str, Any]) -> None:
        match tag.rpartition(" ")[2]:
            case "row":
                self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
                self._column = -1
            case "c":
                self._column = _column_of(attributes["r"]) if "r" in attributes else self._column + 1
                self._kind = attributes.get("t", "n")
                self._formula = self._value = False
                self._text = ""
            case "f":
                self._formula = True
            case "v" | "t":
                self._reading = True
            case _:
                pass

    def text(self, text: str) -> None:
        if self._reading and text:
            self._value = True
            if self._kind == "e":
                self._text += text

    def end(self, tag: str) -> None:
        match tag.rpartition(" ")[2]:
            case "v" | "t":
                self._reading = False
            case "c":
                if self._kind == "e":
                    self.scan.faults[self._row, self._column] = self._text[:100]
                elif self._formula and not self._value and self._kind != "str":
                    self.scan.faults[self._row, self._column] = "a formula without a value"
                if self._value:
                    self.scan.last_row = max(self.scan.last_row, self._row)
            case _:
                pass


def _column_of(reference: str) -> int:
    """`AB12` is in column 27."""
    column = 0
    for letter in reference:
        if not letter.isalpha():
            break
        column = column * 26 + ord(letter.upper()) - 64
    return column - 1
