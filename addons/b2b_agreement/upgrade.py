"""Records that an addon takes over from `b2b_portal`, of which it was a part up to 19.0.1.0.0.

Odoo knows records by `ADDON.NAME`. Without the new name it would delete what the old addon no
longer brings, with all that users wrote into it, and make it anew.
"""

from collections import defaultdict

from odoo.tools import SQL

OLD = "b2b_portal"
# What users edit: installing an addon would write its own words over theirs.
EDITED_MODELS = ("b2b.agreement.template", "ir.cron", "ir.rule", "ir.sequence", "mail.template")
# What users also delete, for good: all of it was there before.
DELETED_MODELS = ("b2b.agreement.template", "mail.template")


def take_over(env, module, names):
    """Give records of `b2b_portal` the names that they have in a new addon.

    Does nothing in a database without them. To be called before the addon is installed; what
    users edit waits for `keep_edited`.

    :param env: environment of the installation (superuser)
    :param str module: the new addon
    :param names: external ids without the addon, patterns of SQL's LIKE; `_` is no wildcard
    """
    env.flush_all()
    rows = env.execute_query(
        SQL(
            """
            UPDATE ir_model_data SET module = %s
             WHERE module = %s AND name LIKE ANY(%s)
               AND NOT (model IN %s AND noupdate)
               AND model <> 'ir.actions.server'
         RETURNING name, model, res_id
            """,
            module,
            OLD,
            _escape(names),
            EDITED_MODELS,
        )
    )
    ids = defaultdict(list)
    for name, model, res_id in rows:
        ids[model].append(res_id)
        if model == "ir.ui.view":
            _rename_template(env, module, name)
    _take_over_constraints(env, module, ids["ir.model"], ids["ir.model.constraint"])
    env.invalidate_all()
    env.registry.clear_cache()


def _escape(names):
    return [name.replace("_", r"\_") for name in names]


def _rename_template(env, module, name):
    """Let pages that a website edited find a template by its new name, and be found."""
    old, new = f"{OLD}.{name}", f"{module}.{name}"
    env.cr.execute(SQL("UPDATE ir_ui_view SET key = %s WHERE key = %s", new, old))
    for attribute in ("t-call", "t-inherit"):
        # The text is JSON: its quotation marks have a backslash.
        was, becomes = (rf"{attribute}=\"{key}\"" for key in (old, new))
        env.cr.execute(
            SQL(
                "UPDATE ir_ui_view SET arch_db = replace(arch_db::text, %s, %s)::jsonb"
                " WHERE strpos(arch_db::text, %s) > 0",
                was,
                becomes,
                was,
            )
        )


def _take_over_constraints(env, module, model_ids, constraint_ids):
    """Let constraints go with the new addon when that is uninstalled, not with the old one.

    :param model_ids: ids of models, of which those of B2B are the new addon's with all they have
    :param constraint_ids: ids of single constraints of other models
    """
    env.cr.execute(
        SQL(
            """
            UPDATE ir_model_constraint
               SET module = (SELECT id FROM ir_module_module WHERE name = %s)
             WHERE module = (SELECT id FROM ir_module_module WHERE name = %s)
               AND (id = ANY(%s) OR model IN (
                       SELECT id FROM ir_model WHERE id = ANY(%s) AND starts_with(model, 'b2b.')
                   ))
            """,
            module,
            OLD,
            constraint_ids,
            model_ids,
        )
    )


def keep_edited(env, module, names):
    """Put what users edited in the place of what the installation of an addon brought.

    To be called after the addon is installed.

    :param env: environment of the installation (superuser)
    :param str module: the new addon
    :param names: see `take_over`
    """
    env.flush_all()
    rows = env.execute_query(
        SQL(
            """
            SELECT former.id, brought.id, brought.model, brought.res_id
              FROM ir_model_data former
         LEFT JOIN ir_model_data brought ON brought.module = %s AND brought.name = former.name
             WHERE former.module = %s AND former.name LIKE ANY(%s)
          ORDER BY former.model = 'ir.actions.server'
            """,
            module,
            OLD,
            _escape(names),
        )
    )
    if rows:  # an update of 19.0.1, and no new installation
        _delete_what_was_deleted(env, module, names)
    for former_id, brought_id, model, res_id in rows:
        if brought_id:
            env["ir.model.data"].browse(brought_id).unlink()
            env[model].browse(res_id).exists().unlink()
        env["ir.model.data"].browse(former_id).module = module
    env.flush_all()
    env.registry.clear_cache()


def _delete_what_was_deleted(env, module, names):
    """Remove what the installation of an addon brought and users had deleted before."""
    found = env.execute_query(
        SQL(
            """
            SELECT brought.id, brought.model, brought.res_id
              FROM ir_model_data brought
             WHERE brought.module = %s AND brought.name LIKE ANY(%s) AND brought.model IN %s
               AND NOT EXISTS (
                   SELECT FROM ir_model_data former
                    WHERE former.module = %s AND former.name = brought.name
               )
            """,
            module,
            _escape(names),
            DELETED_MODELS,
            OLD,
        )
    )
    for brought_id, model, res_id in found:
        # The name first: a template that is found by it counts as in use.
        env["ir.model.data"].browse(brought_id).unlink()
        env[model].browse(res_id).exists().unlink()
