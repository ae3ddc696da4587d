"""Indexes by which a part of a text is found, where the database can have them."""

from odoo.modules.db import FunctionStatus


def index_parts(*columns):
    """Return the definition of one index by which a part of any of these columns is found.

    As those that Odoo makes for ``index="trigram"``; here a field keeps the index that it has.

    :param str columns: names of text columns
    :return: what ``models.Index`` takes: a function of the registry, which gives an empty
        definition where PostgreSQL has no trigrams
    """

    def define(registry):
        if not registry.has_trigram:
            return ""
        # Odoo searches the unaccented text where that can be indexed.
        fold = registry.unaccent if registry.has_unaccent == FunctionStatus.INDEXABLE else str
        parts = ", ".join(f"({fold(column)}) gin_trgm_ops" for column in columns)
        return f"USING gin ({parts})"

    return define
