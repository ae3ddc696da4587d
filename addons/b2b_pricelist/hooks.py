from odoo.addons.b2b_agreement.upgrade import keep_edited, take_over

from .models.product_pricelist_item import TECHNICAL
from .taken_over import NAMES


def _pre_init_hook(env):
    """Take over from `b2b_portal` 19.0.1 what this addon was a part of.

    :param env: environment of the installation (superuser)
    """
    take_over(env, "b2b_pricelist", NAMES)


def _post_init_hook(env):
    """Switch Odoo's pricelist feature on, which B2B prices need, and keep what was edited.

    :param env: environment of the installation (superuser)
    """
    group_user = env.ref("base.group_user")
    group_pricelist = env.ref("product.group_product_pricelist")
    if group_pricelist not in group_user.all_implied_ids:
        group_user._apply_group(group_pricelist)
        env["res.company"]._activate_or_create_pricelists()
    keep_edited(env, "b2b_pricelist", NAMES)


def _uninstall_hook(env):
    """Leave nothing behind that only this addon understands.

    :param env: environment of the removal (superuser)
    """
    env["product.pricelist.item"].search([("is_b2b_discount", "=", True)]).with_context(
        b2b_technical_rule=TECHNICAL
    ).unlink()
    # Without this addon they would be ordinary lists, hence someone's default, or the shop's.
    env.cr.execute("UPDATE product_pricelist SET active = FALSE WHERE is_b2b")
    env.invalidate_all()
