"""How the cells of an XLSX workbook look, as far as it changes what can be read in them."""

from .number_format import BUILT_IN
from .xlsx_book import Reader, get_local

# What lies below these (points of a row, characters of a column) can be read by nobody.
THIN_ROW, THIN_COLUMN = 2, 0.5

WHITE, BLACK = "FFFFFF", "000000"
# Colours that a workbook names by a number: of a palette, and of its theme.
_NAMED = {
    **dict.fromkeys(("indexed 0", "indexed 8", "indexed 64", "theme 1"), BLACK),
    **dict.fromkeys(("indexed 1", "indexed 9", "indexed 65", "theme 0"), WHITE),
}
_OFF = ("0", "false")
_RAISED = ("superscript", "subscript")


def is_thin(size, limit):
    """Whether a row or column is as good as hidden.

    :param str size: as the file has it, None for the usual one
    :param float limit: `THIN_ROW` or `THIN_COLUMN`
    """
    return size is not None and float(size) < limit


def find_run_problem(tag, attributes):
    """Return what an element of a text says that its letters do not, '' for nothing.

    A number crossed out and another one behind it read as one, and so does a raised footnote.

    :param str tag: without namespace
    :param dict attributes: of the element
    """
    if tag == "strike" and attributes.get("val") not in _OFF:
        return "struck"
    return "format" if tag == "vertAlign" and attributes.get("val") in _RAISED else ""


class Styles(Reader):
    """The number format of each style of a cell, and what else tells how it is read.

    :ivar list formats: number of the format of each style
    :ivar dict problems: `{style: code}`: `struck` (crossed out), `ink` (the text has the colour
        of its background), `format` (raised)
    """

    def __init__(self):
        self.codes, self.formats, self.problems = {}, [], {}
        self.fonts, self.fills, self.looks = [], [], []
        self.named, self.palette_size = dict(_NAMED), 0
        self.place, self.is_solid = "", False

    def start(self, tag, attributes):
        tag = get_local(tag)
        if tag == "numFmt":
            self.codes[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif tag in ("fonts", "fills", "cellXfs", "indexedColors"):
            self.place = tag
        elif self.place == "fonts":
            self._read_font(tag, attributes)
        elif self.place == "fills":
            self._read_fill(tag, attributes)
        elif self.place == "cellXfs" and tag == "xf":
            self.formats.append(int(attributes.get("numFmtId") or 0))
            self.looks.append([int(attributes.get(name) or 0) for name in ("fontId", "fillId")])
        elif self.place == "indexedColors" and tag == "rgbColor":
            # A palette of the workbook's own, as Numbers writes it.
            self.named[f"indexed {self.palette_size}"] = attributes["rgb"][-6:].upper()
            self.palette_size += 1

    def end(self, tag):
        tag = get_local(tag)
        if tag == self.place:
            self.place = ""
        elif tag == "styleSheet":
            for style, (font, fill) in enumerate(self.looks):
                if problem := self._find_problem(font, fill):
                    self.problems[style] = problem

    def _read_font(self, tag, attributes):
        if tag == "font":
            self.fonts.append({"color": BLACK, "problem": ""})
        elif tag == "color":
            self.fonts[-1]["color"] = _read_color(attributes)
        elif problem := find_run_problem(tag, attributes):
            self.fonts[-1]["problem"] = problem

    def _read_fill(self, tag, attributes):
        if tag == "fill":
            self.fills.append(WHITE)
        elif tag == "gradientFill":
            self.fills[-1] = None
        elif tag == "patternFill":
            # What is written on a pattern can be read.
            pattern = attributes.get("patternType", "none")
            self.is_solid = pattern == "solid"
            self.fills[-1] = WHITE if pattern == "none" else None
        elif tag == "fgColor" and self.is_solid:
            self.fills[-1] = _read_color(attributes)

    def _find_problem(self, font, fill):
        font = self.fonts[font] if font < len(self.fonts) else {"color": BLACK, "problem": ""}
        fill = self.fills[fill] if fill < len(self.fills) else WHITE
        ink, ground = (self.named.get(color, color) for color in (font["color"], fill))
        return font["problem"] or ("ink" if ground and ink == ground else "")

    def get_code(self, style):
        """Return the number format of a style; one that is not written down is some date's."""
        if style >= len(self.formats):
            return "yyyy" if style else BUILT_IN[0]
        number = self.formats[style]
        return self.codes.get(number) or BUILT_IN.get(number, "yyyy")


def _read_color(attributes):
    """Return a colour as six digits or as a name; None when it is not told."""
    if rgb := attributes.get("rgb"):
        return rgb[-6:].upper()
    if "indexed" in attributes:
        return f"indexed {attributes['indexed']}"
    if "theme" in attributes:
        tint = float(attributes.get("tint") or 0)
        return f"theme {attributes['theme']}{f' {tint}' if tint else ''}"
    return BLACK if attributes.get("auto") not in (None, *_OFF) else None
