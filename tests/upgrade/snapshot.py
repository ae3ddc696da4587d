"""Everything that a database holds, and what became of it.

Tables of data are compared row by row and column by column, whoever they belong to. In tables
that say what Odoo is (views, actions, rights, ...) an update writes its own rows anew; compared
are those that are the users': rows without an external id, and those that no update touches.
"""

import re
from collections import defaultdict
from dataclasses import dataclass

from database import asking, query

# Tables that an update writes by the sources.
REGISTRY = (
    "^(ir_act_|ir_actions|ir_asset|ir_cron|ir_model|ir_module|ir_rule|ir_sequence|ir_ui_"
    "|ir_config_parameter|mail_activity_type|mail_message_subtype|mail_template|report_"
    "|res_groups|web_tour|website_)"
)
# What follows from the sources alone, or changes whenever Odoo starts.
LEFT_OUT = (
    "^(base_registry_signaling|bus_|ir_act_window_view|ir_model_constraint|ir_model_data"
    "|ir_model_fields_selection|ir_model_inherit|ir_model_relation|ir_module_module"
    "|ir_ui_menu_group_rel|ir_ui_view_group_rel|orm_signaling_)"
)
LEFT_OUT_COLUMNS = ["create_date", "create_uid", "write_date", "write_uid"]
LEFT_OUT_COLUMNS += ["arch_updated", "arch_prev", "arch_fs"]
# Bundles of scripts and styles are made again by the sources.
BUNDLE = re.compile(r"^/web/assets/|asset_styles_company_report")
LANGUAGE = re.compile(r"^[a-z]{2,3}_[A-Z@a-z]+$")
ACTIONS = ("ir.actions.act_window", "ir.actions.report", "ir.actions.server")


@dataclass
class Snapshot:
    """All rows of a database, and which of them an update writes by the sources.

    :ivar rows: `{table: {key: row}}`; the key is the id, or the row where there is none
    :ivar updated: `{table: ids}`
    """

    rows: dict
    updated: dict

    @classmethod
    def take(cls, pg, database):
        with asking(pg, database) as ask:
            rows = {table: rows_of(ask, table) for table in tables(ask)}
            return cls({**rows, "pg_sequences": numbers(ask)}, updated_rows(ask))

    def of_users(self, table):
        """Return the keys of the rows that no update may change."""
        if not re.match(REGISTRY, table):
            return self.rows[table].keys()
        return self.rows[table].keys() - self.updated[table]

    def compare(self, later, as_before=lambda _column, value: value):
        """Return what was lost (-), came (+) or changed (~) until another one, a line each.

        :param as_before: function of a column (`table.name`) and its value; returns the value
            that it had before, where a release gives things other names
        """
        lines = []
        for table, rows in self.rows.items():
            if table not in later.rows:
                lines.append(f"- table {table}")
                continue
            now = later.rows[table]
            mine = self.of_users(table)
            lines += [f"- {table} {short(rows[key])}" for key in mine - now.keys()]
            came = later.of_users(table) - rows.keys()
            lines += [f"+ {table} {short(now[key])}" for key in came]
            pairs = [(key, rows[key], now[key]) for key in mine & now.keys()]
            lines += compare_rows(table, pairs, as_before)
        return sorted(lines)


def compare_rows(table, pairs, as_before):
    lost, lines = set(), []
    for key, old, new in pairs:
        lost |= old.keys() - new.keys()
        for name in old.keys() & new.keys():
            value = as_before(f"{table}.{name}", new[name])
            if old[name] not in (new[name], value) and not is_translated(old[name], value):
                lines.append(f"~ {table}.{name} of {key}: {old[name]!r} -> {new[name]!r}")
    return [*lines, *(f"- column {table}.{name}" for name in lost)]


def is_translated(old, new):
    """Whether a text only got a translation that it did not have: the archive has none."""
    return (
        isinstance(old, dict)
        and isinstance(new, dict)
        and all(map(LANGUAGE.match, new))
        and old.items() <= new.items()
    )


def tables(ask):
    statement = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    names = [name for (name,) in ask(statement)]
    return [name for name in names if not re.match(LEFT_OUT, name)]


def rows_of(ask, table):
    statement = f'SELECT to_jsonb(t) - %s FROM ONLY "{table}" t'
    rows = [row for (row,) in ask(statement, [LEFT_OUT_COLUMNS])]
    if table == "ir_attachment":
        rows = [row for row in rows if not BUNDLE.search(row["url"] or "")]
    return {row["id"] if "id" in row else str(sorted(row.items())): row for row in rows}


def numbers(ask):
    """Return how far the sequences of orders, agreements, ... have counted."""
    statement = (
        "SELECT jsonb_build_object('id', sequencename, 'last', last_value) FROM pg_sequences"
        " WHERE sequencename ~ '^ir_sequence_[0-9]'"
    )
    return {row["id"]: row for (row,) in ask(statement)}


def updated_rows(ask):
    statement = "SELECT model, res_id FROM ir_model_data WHERE NOT COALESCE(noupdate, false)"
    found = defaultdict(set)
    for model, res_id in ask(statement):
        table = model.replace(".", "_")
        if model in ACTIONS:
            table = table.replace("actions_act_", "act_").replace("actions_", "act_")
            table = table.replace("report", "report_xml")
        found[table].add(res_id)
    return found


def short(row):
    return {name: value for name, value in row.items() if value not in (None, False, "")}


def external_ids(pg, database, addons):
    """Return `{(addon, name): (model, id)}` of addons."""
    statement = "SELECT module, name, model, res_id FROM ir_model_data WHERE module = ANY(%s)"
    rows = query(pg, statement, [list(addons)], database)
    return {(module, name): (model, res_id) for module, name, model, res_id in rows}
