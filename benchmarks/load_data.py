"""People of a Monday morning, made inside Odoo's shell: buyers with orders, clerks, agreements.

load.py calls `fill_plain` before the addons are installed, and `fill_addons` after.
"""

from agreements import sign_agreement

from odoo import Command

BUYERS, CLERKS, OWN_ORDERS, TEMPLATE_LINES = 24, 8, 40, 10
COMPANY = {"is_company": True, "street": "Polna 1", "zip": "61-001", "city": "Poznan"}
CLERK_GROUPS = ("base.group_user", "sales_team.group_sale_salesman_all_leads")


def fill_plain(env):
    """Make buyers, each with orders of his own, and clerks."""
    # Odoo mails for nobody without an address.
    env.company.email = "office@example.com"
    env.ref("base.partner_admin").email = "admin@example.com"
    groups = Command.set([env.ref(xml_id).id for xml_id in CLERK_GROUPS])
    for number in range(CLERKS):
        make_user(env, f"clerk{number}", group_ids=[groups])
    services = env["product.product"].search(
        [("default_code", "like", "A0"), ("type", "=", "service")], order="id", limit=30
    )
    for number in range(BUYERS):
        orders = make_orders(env, make_buyer(env, number), services)
        orders.action_confirm()
        env.flush_all()


def make_user(env, login, **values):
    users = env["res.users"].with_context(no_reset_password=True)
    values = {"name": login.capitalize(), "email": f"{login}@example.com", **values}
    return users.create({"login": login, "password": login, **values})


def make_buyer(env, number):
    """Return the contact of a company, who has a login for the portal."""
    country = env.ref("base.pl").id
    company = env["res.partner"].create(
        {"name": f"Wholesale {number}", "email": f"office{number}@example.com", **COMPANY}
    )
    company.country_id = country
    group = Command.set(env.ref("base.group_portal").ids)
    partner = make_user(env, f"buyer{number}", group_ids=[group]).partner_id
    partner.parent_id = company
    return partner


def make_orders(env, partner, products):
    return env["sale.order"].create(
        [
            {
                "partner_id": partner.id,
                "client_order_ref": f"{partner.name} {number}",
                "order_line": [
                    Command.create(
                        {
                            "product_id": products[(number + place) % len(products)].id,
                            "product_uom_qty": 1 + place,
                        }
                    )
                    for place in range(3)
                ],
            }
            for number in range(OWN_ORDERS)
        ]
    )


def fill_addons(env):
    """Make a status with a flag, a flag without, and each buyer's agreement and template."""
    status = env["sale.order.status"].create(
        {
            "name": "Packed",
            "category": "in_progress",
            "sequence": 25,
            "mail_template_id": env.ref("order_status_flags.mail_template_status_changed").id,
        }
    )
    env["sale.order.flag"].create([{"name": "Packed", "status_id": status.id}, {"name": "Fragile"}])
    # Not above: plain Odoo does not have it.
    from odoo.addons.b2b_pricelist.pricing import PriceLine

    pricelists = env["product.pricelist"].search([("name", "like", "B2B ")], order="id")
    products = env["product.product"].search(
        [("default_code", "like", "A0")], order="id", limit=TEMPLATE_LINES
    )
    for number in range(BUYERS):
        user = env["res.users"].search([("login", "=", f"buyer{number}")])
        agreement = sign_agreement(env, user.partner_id, pricelists[number % len(pricelists)])
        orders = env(user=user.id)["sale.order"]
        template = orders._create_b2b_template(agreement, "Every Monday")
        template._add_b2b_template_lines(
            [PriceLine(product, 3, product.uom_id) for product in products]
        )
        env.flush_all()
    make_past_known(env)


def make_past_known(env):
    """Make one story of each order's history, and let its customer know the end of it.

    Copies of history rows know neither the rows before them nor e-mails. What is asked after a run
    is asked of every order, so it must hold before.
    """
    env.flush_all()
    env.cr.execute("""
        INSERT INTO sale_order_status_history (order_id, status_id, date, source, mail_state)
        SELECT id, order_status_id, order_status_date, 'install', 'none' FROM sale_order so
         WHERE order_status_id IS NOT NULL
           AND order_status_id IS DISTINCT FROM (
               SELECT status_id FROM sale_order_status_history
                WHERE order_id = so.id ORDER BY id DESC LIMIT 1)
    """)
    env.cr.execute("""
        UPDATE sale_order_status_history row
           SET previous_status_id = before.status_id, mail_state = 'sent', mail_kind = 'link'
          FROM (SELECT id, lag(status_id) OVER (PARTITION BY order_id ORDER BY id) AS status_id
                  FROM sale_order_status_history) before
         WHERE before.id = row.id
    """)
