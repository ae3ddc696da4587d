"""What addons may leave in a database: its schema, Odoo's registry, and loose ends."""

from database import asking

SCHEMA = {
    "table": "SELECT relname, relkind::text FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S', 'p')",
    "column": "SELECT table_name, column_name, udt_name, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "index": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    # NOT NULL is in the columns already.
    "constraint": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
    # Those of extensions stay: other addons may use them.
    "function": "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')",
    "trigger": "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal",
}
# Tables that say what Odoo is: views, actions, rights, scheduled actions, settings, ...
REGISTRY = (
    "^(ir|res_groups|res_company|res_lang|res_country|mail_template|mail_activity_type"
    "|mail_message_subtype|mail_alias|report|rule|website|theme|web|digest|onboarding|uom|utm"
    "|product_pricelist|product_category|payment|delivery|decimal|bus_presence|wizard)(_|$)"
)
# Those that change by themselves while a server runs.
RESTLESS = (
    *("ir_actions_todo", "ir_attachment", "ir_cron_progress", "ir_cron_trigger", "ir_logging"),
    *("digest_digest", "digest_tip_res_users_rel", "res_lang_install_rel", "website_visitor"),
    # The list of what could be installed follows the sources.
    *("ir_module_module", "ir_module_module_dependency", "ir_module_module_exclusion"),
)
RESTLESS_COLUMNS = [
    "create_date",
    "create_uid",
    "write_date",
    "write_uid",
    *("lastcall", "nextcall", "failure_count", "first_failure_date"),
    *("latest_version", "published_version"),
]
# Texts of Odoo's own models: a translation that Odoo lacks stays when an addon brought it.
TEXTS = {
    "ir_model": ["name", "website_form_label"],
    "ir_model_fields": ["field_description", "help"],
}
# Views of Odoo's own pages as well: the source is compared, the translations are not.
SOURCES = {"ir_ui_view": {"arch_db": "en_US"}}
# Columns that name a model, and with it perhaps a record.
REFERENCES = {
    "ir_attachment": ("res_model", "res_id"),
    "ir_model_data": ("model", "res_id"),
    "mail_activity": ("res_model", "res_id"),
    "mail_followers": ("res_model", "res_id"),
    "mail_message": ("model", "res_id"),
    "mail_template": ("model", None),
    "ir_act_window": ("res_model", None),
    "ir_ui_view": ("model", None),
    "ir_filters": ("model_id", None),
}


def take(pg, database):
    """Return `{(kind, ...)}`: one tuple for each part of the schema and row of the registry."""
    found = set()
    with asking(pg, database) as ask:
        for kind, statement in SCHEMA.items():
            found |= {(kind, *row) for row in ask(statement)}
        for table in registry_tables(ask):
            row = "to_jsonb(t)"
            for column, language in SOURCES.get(table, {}).items():
                row += f" || jsonb_build_object('{column}', {column} -> '{language}')"
            statement = f'SELECT (({row}) - %s)::text FROM "{table}" t'
            rows = ask(statement, [RESTLESS_COLUMNS + TEXTS.get(table, [])])
            found |= {("row", table, row) for (row,) in rows}
    return found


def registry_tables(ask):
    statement = (
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind = 'r' AND relname ~ %s AND NOT relname = ANY(%s)"
    )
    return [name for (name,) in ask(statement, [REGISTRY, list(RESTLESS)])]


def loose_ends(pg, database):
    """Return `{(table, model, number of rows)}` that refer to models or records which are gone."""
    with asking(pg, database) as ask:
        return find_loose_ends(ask)


def find_loose_ends(ask):
    models = dict(ask("SELECT model, replace(model, '.', '_') FROM ir_model"))
    tables = {
        name for (name,) in ask("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
    }
    found = set()
    for table, (model_column, id_column) in REFERENCES.items():
        statement = f"SELECT {model_column}, count(*) FROM {table} GROUP BY 1"
        for model, count in ask(statement):
            if model and model not in models:
                found.add((table, model, count))
            elif model and id_column and models[model] in tables:
                lost = (
                    f"SELECT count(*) FROM {table} t WHERE {model_column} = %s"
                    f' AND {id_column} <> 0 AND NOT EXISTS (SELECT 1 FROM "{models[model]}" r'
                    f" WHERE r.id = t.{id_column})"
                )
                ((count,),) = ask(lost, [model])
                if count:
                    found.add((table, model, count))
    return found
