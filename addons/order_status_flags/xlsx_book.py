"""The parts of an XLSX workbook, and which of them are sheets.

The parts are read in a stream, and what they unpack to is counted: a small file may unpack to
gigabytes.
"""

import posixpath
import zipfile
from xml.parsers import expat

from .table_csv import TableError

MAX_UNPACKED = 100 * 1024 * 1024
MAX_PARTS = 5_000
CHUNK = 64 * 1024
# An attribute or tag longer than this would pile up in memory.
MAX_TOKEN = 1024 * 1024

_WORKSHEET = "/worksheet"


class Archive:
    """The parts of a workbook, with a budget for what they unpack to."""

    def __init__(self, archive):
        self.archive = archive
        self.names = {info.filename.lstrip("/"): info for info in archive.infolist()}
        self.left = MAX_UNPACKED
        if len(self.names) > MAX_PARTS:
            raise TableError("unpacks")

    def parse(self, path, reader):
        """Feed a part to a reader with the methods `start`, `end` and `text`."""
        info = self.names[path]
        # Other methods may ask for memory as they like.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise TableError("unreadable")
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        done = 0
        with self.archive.open(info) as stream:
            while chunk := stream.read(CHUNK):
                done += len(chunk)
                self.left -= len(chunk)
                if self.left < 0:
                    raise TableError("unpacks")
                parser.Parse(chunk)
                if done - parser.CurrentByteIndex > MAX_TOKEN:
                    raise TableError("unpacks")
            parser.Parse(b"", True)


def _refuse_doctype(*_arguments):
    # No program writes one: it is there to make entities that grow.
    raise TableError("unreadable")


class Reader:
    """Base of the readers of parts: does nothing."""

    def start(self, tag, attributes):
        """Begin an element."""

    def end(self, tag):
        """End an element."""

    def text(self, data):
        """Take some text."""


def get_local(name):
    """Return a name without its namespace.

    :param str name: of an element or attribute
    """
    return name.rpartition(":")[2]


def _attributes(attributes):
    return {get_local(name): value for name, value in attributes.items()}


class _Relations(Reader):
    """Where the parts are that another part names."""

    def __init__(self, archive, path):
        folder, name = posixpath.split(path)
        self.folder, self.targets, self.types = folder, {}, {}
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        if relations in archive.names:
            archive.parse(relations, self)

    def start(self, tag, attributes):
        if get_local(tag) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes["Target"]
            path = posixpath.normpath(posixpath.join(f"/{self.folder}", target)).lstrip("/")
            self.targets[attributes["Id"]] = (path, attributes["Type"])
            self.types.setdefault(attributes["Type"].rpartition("/")[2], path)


class Book(Reader):
    """The sheets of a workbook, and which of them is shown first."""

    def __init__(self, archive):
        path = _Relations(archive, "").types.get("officeDocument", "xl/workbook.xml")
        self.relations = _Relations(archive, path)
        self.sheets, self.active_index = [], 0
        archive.parse(path, self)
        self.visible, self.hidden, self.active = [], [], ""
        for index, (name, state, relation) in enumerate(self.sheets):
            target, kind = self.relations.targets.get(relation, ("", ""))
            if state != "visible":
                self.hidden.append(name)
            elif kind.endswith(_WORKSHEET) and target in archive.names:
                self.visible.append((name, target))
                if index == self.active_index or not self.active:
                    self.active = name

    def start(self, tag, attributes):
        tag, attributes = get_local(tag), _attributes(attributes)
        if tag == "sheet":
            if len(self.sheets) >= MAX_PARTS:
                raise TableError("unpacks")
            state = attributes.get("state", "visible")
            self.sheets.append((attributes["name"], state, attributes["id"]))
        elif tag == "workbookView":
            self.active_index = int(attributes.get("activeTab") or 0)
