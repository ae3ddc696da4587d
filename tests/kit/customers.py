"""Customers with their agreements and orders, as the tests in the browser need them.

`admin` is an `Rpc` client of the administrator.
"""

import datetime
import re

# The smallest picture there is stands for a signature.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4"
    "2mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def make_products(admin, word):
    """Make three products WORD-1 to WORD-3, with a unit to choose and B2B discounts.

    :return: their ids
    """
    dozen = admin.ref("uom.product_uom_dozen")
    category = admin.create("product.category", name=f"{word} category")
    return [
        admin.create(
            "product.product",
            name=f"{word} bolt {number}",
            default_code=f"{word}-{number}",
            list_price=10.0 * number,
            categ_id=category,
            b2b_discount=5.0 * (number - 1),
            uom_ids=[(6, 0, [dozen])] if number == 1 else [],
            website_published=True,
        )
        for number in (1, 2, 3)
    ]


def make_agreement(admin, make_user, login):
    """Make a company with a portal user, a pricelist (10 %, 20 % from 10) and a draft agreement.

    :return: the agreement's id
    """
    company = admin.create("res.partner", name=f"{login} Ltd", is_company=True)
    user = make_user(login, ["base.group_portal"], name=f"Bea {login}")
    partner = admin.read("res.users", user, "partner_id")["partner_id"][0]
    admin.write("res.partner", partner, parent_id=company)
    pricelist = admin.create("product.pricelist", name=f"{login} list", is_b2b=True)
    for quantity, percent in ((0, 10), (10, 20)):
        admin.create(
            "product.pricelist.item",
            pricelist_id=pricelist,
            compute_price="percentage",
            percent_price=percent,
            min_quantity=quantity,
        )
    return admin.create(
        "b2b.agreement",
        partner_id=company,
        pricelist_id=pricelist,
        date_start=datetime.date.today().isoformat(),
        minimum_order_amount=20.0,
        body="<h2>Terms</h2><p>Of the <a href='/contactus'>agreement</a>.</p>",
    )


def make_buyer(admin, make_user, login):
    """Make a company with a portal user and an agreement that is ready to be signed.

    :return: the agreement's id
    """
    agreement = make_agreement(admin, make_user, login)
    admin.call("b2b.agreement", "action_send", [agreement])
    return agreement


def sign(admin, client, agreement):
    """Sign an agreement as the portal page does; `client` is the `Rpc` client of the buyer."""
    page = client.http.get(f"{client.server.url}/my/agreements/{agreement}", timeout=120).text
    text = re.search(r"sign\?text=(\w+)", page)[1]
    values = {"name": "Bea", "signature": PIXEL}
    answer = client.post(f"/my/agreements/{agreement}/sign?text={text}", values)
    assert "error" not in answer, answer


def make_order(admin, login, products):
    """Return the id of a confirmed order of the user with this login."""
    partner = admin.search("res.partner", [("email", "=", f"{login}@example.com")])[0]
    lines = [(0, 0, {"product_id": product, "product_uom_qty": 2}) for product in products]
    lines.insert(0, (0, 0, {"display_type": "line_section", "name": "Bolts"}))
    order = admin.create("sale.order", partner_id=partner, order_line=lines)
    admin.call("sale.order", "action_confirm", [order])
    return order


def set_status(admin, order, name):
    """Set the status with the XML id `order_status_flags.status_NAME`, mailing nobody."""
    status = admin.ref(f"order_status_flags.status_{name}")
    admin.call("sale.order", "set_order_status", [order], status, notify=False)


def get_tracking_url(admin, order):
    return admin.read("sale.order", order, "tracking_url")["tracking_url"]
