from odoo import models

from ... import quick_order_parser as parser

SEPARATORS = {"tab": "\t", "semicolon": ";", "comma": ","}
NO_COLUMN = "none"
SAMPLE_ROWS = 6
SAMPLE_COLUMNS = 12
LISTED = 5


class B2bQuickOrder(models.AbstractModel):
    """Say how a list was read, and what of it the buyer may read otherwise."""

    _inherit = "b2b.quick.order"

    def _describe_part(self, source, part, title=""):
        """Return what the page says about a text or file.

        :param str source: `text` or `file`
        :param ParsedRows part: of the parser
        :param str title: name of the file
        :return: `source`, `title`, `is_open`, `facts` (tuples of label and text), `notes` (what
            was not read), `fields` (dicts `name`, `label`, `options`), `was` (to which reading the
            columns belong), `names` and `sample` (the first rows)
        :rtype: dict
        """
        table, layout = part.table, part.layout
        selects = self._get_columns(source, part)
        return {
            "source": source,
            "title": title or self.env._("Pasted rows"),
            "is_open": layout.is_open,
            "facts": self._get_facts(part, selects),
            "notes": self._get_notes(part),
            "fields": [*self._get_dialect(source, table), *selects],
            "was": self._get_reading(table),
            "names": table.columns[:SAMPLE_COLUMNS],
            "sample": [
                (row.number, [self._shorten(cell) for cell in self._pad(row.cells, table)])
                for row in table.rows[:SAMPLE_ROWS]
            ],
        }

    def _get_reading(self, table):
        """Return to what the numbers of columns belong: another sheet has others."""
        return f"{self._get_separator_name(table.separator)}/{table.sheet}"

    def _pad(self, cells, table):
        return [*cells, *[""] * len(table.columns)][: min(len(table.columns), SAMPLE_COLUMNS)]

    def _shorten(self, text, size=40):
        return text if len(text) <= size else f"{text[:size]}…"

    def _get_separator_name(self, separator):
        return next((name for name, one in SEPARATORS.items() if one == separator), "")

    def _get_separator_words(self):
        return {
            "tab": self.env._("Tab"),
            "semicolon": self.env._("Semicolon ;"),
            "comma": self.env._("Comma ,"),
        }

    def _get_dialect(self, source, table):
        """Return the choices of separator and sheet."""
        if table.separator:
            current = self._get_separator_name(table.separator)
            options = [
                (name, label, name == current)
                for name, label in self._get_separator_words().items()
            ]
            if not current:
                options.insert(0, ("", table.separator, True))
            return [
                {
                    "name": f"{source}_separator",
                    "label": self.env._("Separator"),
                    "options": options,
                }
            ]
        if len(table.sheets) < 2:
            return []
        return [
            {
                "name": f"{source}_sheet",
                "label": self.env._("Sheet"),
                "options": [(name, name, name == table.sheet) for name in table.sheets],
            }
        ]

    def _get_columns(self, source, part):
        """Return the choices of columns."""
        layout = part.layout
        names = [
            (index, self._get_column_name(part, index))
            for index in range(len(part.table.columns))
            if any(index < len(row.cells) and row.cells[index] for row in part.table.rows)
        ]
        none = {
            "quantity": self.env._("None: one of each"),
            "unit": self.env._("None: each article's own unit"),
        }
        # While it is asked, "one of each" is only what the buyer says himself.
        please = ("", self.env._("Please choose"), True)
        fields = []
        for role, label, chosen in (
            ("sku", self.env._("Article"), layout.sku),
            ("quantity", self.env._("Quantity"), layout.quantity),
            ("unit", self.env._("Unit"), layout.unit),
        ):
            options = [(str(index), name, index == chosen) for index, name in names]
            if role in none:
                is_asked = layout.is_open and role == "quantity" and chosen == parser.NO_COLUMN
                options.insert(
                    0, (NO_COLUMN, none[role], chosen == parser.NO_COLUMN and not is_asked)
                )
                if is_asked:
                    options.insert(0, please)
            fields.append({"name": f"{source}_{role}", "label": label, "options": options})
        return fields

    def _get_column_name(self, part, index):
        """Return how a column is called: by its letter or number, and its header."""
        name = part.table.columns[index]
        header = part.layout.header
        cells = header.cells if header else []
        words = " ".join(cells[index].split()) if index < len(cells) else ""
        return f"{name}: {self._shorten(words, 30)}" if words else name

    def _get_facts(self, part, selects):
        table = part.table
        facts = []
        if table.sheet:
            facts.append((self.env._("Sheet"), table.sheet))
        if table.separator:
            words = self._get_separator_words()
            name = self._get_separator_name(table.separator)
            facts.append((self.env._("Separator"), words.get(name, table.separator)))
        if table.encoding:
            facts.append((self.env._("Encoding"), table.encoding.upper()))
        if part.layout.is_open:
            return facts
        if part.layout.header:
            facts.append((self.env._("Header: row"), str(part.layout.header.number)))
        return facts + [
            (field["label"], next((text for _key, text, on in field["options"] if on), ""))
            for field in selects
        ]

    def _get_notes(self, part):
        """Return what was not read."""
        table = part.table
        used = (part.layout.sku, part.layout.quantity, part.layout.unit)
        unread = [
            self._get_column_name(part, index)
            for index, name in enumerate(table.columns)
            if index not in used and not part.layout.is_open
        ]
        notes = self._get_table_notes(table, part.titles)
        if unread:
            notes.append((self.env._("Columns that do not matter"), self._join(unread)))
        return notes

    def _get_table_notes(self, table, titles):
        """Return what of a file was passed over.

        :param Table table: as it was read
        :param list titles: numbers of the rows above the header
        :return: tuples of label and text
        :rtype: list[tuple[str, str]]
        """
        others = [name for name in table.sheets if name != table.sheet]
        notes = [
            (self.env._("Other sheets, not read"), others),
            (self.env._("Hidden sheets, not read"), table.hidden_sheets),
            (self.env._("Hidden columns, not read"), table.hidden_columns),
            (
                self.env._("Hidden rows, not read"),
                [self._format_count(table.hidden_rows)] if table.hidden_rows else [],
            ),
            (self.env._("Rows above the header, not read"), [str(number) for number in titles]),
        ]
        return [(label, self._join(values)) for label, values in notes if values]

    def _join(self, values):
        values = [self._shorten(value) for value in values]
        if len(values) > LISTED:
            more = self.env._("and %(count)s more", count=self._format_count(len(values) - LISTED))
            values = [*values[:LISTED], more]
        return ", ".join(values)
