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
        b2b_technical_rule=True
    ).unlink()
