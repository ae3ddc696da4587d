from odoo.tools import SQL

from .models.product_pricelist_item import TECHNICAL


def _post_init_hook(env):
    """Switch Odoo's pricelist feature on, which B2B prices need.

    :param env: environment of the installation (superuser)
    """
    group_user = env.ref("base.group_user")
    group_pricelist = env.ref("product.group_product_pricelist")
    if group_pricelist not in group_user.all_implied_ids:
        group_user._apply_group(group_pricelist)
        env["res.company"]._activate_or_create_pricelists()


def _uninstall_hook(env):
    """Leave nothing behind that only this addon understands.

    :param env: environment of the removal (superuser)
    """
    env["product.pricelist.item"].search([("is_b2b_discount", "=", True)]).with_context(
        b2b_technical_rule=TECHNICAL
    ).unlink()
    # Without this addon they would be ordinary lists, hence someone's default, or the shop's.
    env.cr.execute("UPDATE product_pricelist SET active = FALSE WHERE is_b2b")
    _remove_b2b_orders(env)
    _restore_quotation_actions(env)
    _remove_names_of_others(env)


def _remove_b2b_orders(env):
    """Delete carts and templates, which would become quotations, and retype pro-formas.

    A pro-forma that is not yet confirmed is an order all the same. Among the other types only
    web orders are, so it goes on as one: with its status, its status page, and cancelling.

    :param env: environment of the removal (superuser)
    """
    Order = env["sale.order"].with_context(active_test=False, tracking_disable=True)
    Order.search(Order._get_b2b_draft_domain()).unlink()
    env.flush_all()
    env.cr.execute("UPDATE sale_order SET document_type = 'web' WHERE document_type = 'b2b'")
    for table in ("sale_order_status", "sale_order_flag"):
        # Those made for pro-formas only must not become those of every order.
        env.cr.execute(
            SQL(
                "UPDATE %s SET document_type = NULL, active = FALSE WHERE document_type = 'b2b'",
                SQL.identifier(table),
            )
        )
    env.invalidate_all()


def _restore_quotation_actions(env):
    """Take our filter off Odoo's own lists of quotations.

    :param env: environment of the removal (superuser)
    """
    for name, domain in {
        "sale.action_quotations": False,
        "sale.action_quotations_with_onboarding": False,
        "sale.action_quotations_salesteams": "[]",
    }.items():
        action = env.ref(name, raise_if_not_found=False)
        if action:
            action.domain = domain


def _remove_names_of_others(env):
    """Remove the external ids that other addons gave to parts of our models.

    Those of the mixins in use are named by the addons that the mixins come from. Odoo leaves
    such names behind when a model goes.

    :param env: environment of the removal (superuser)
    """
    parts = {
        "ir.model.fields.selection": """
            SELECT value.id
              FROM ir_model_fields_selection value
              JOIN ir_model_fields field ON field.id = value.field_id
             WHERE field.model = 'b2b.agreement'
        """,
        "ir.model.inherit": """
            SELECT inherit.id
              FROM ir_model_inherit inherit
              JOIN ir_model model ON model.id = inherit.model_id
             WHERE model.model = 'b2b.agreement'
        """,
    }
    for model, ids in parts.items():
        env.cr.execute(
            SQL(
                "DELETE FROM ir_model_data"
                " WHERE model = %s AND module <> 'b2b_portal' AND res_id IN (%s)",
                model,
                SQL(ids),
            )
        )
