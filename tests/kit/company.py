"""A company that buys: its people with their rights, its agreement, its articles."""

import datetime

from kit.customers import sign

BUYS = ["base.group_portal"]


class Company:
    """A customer with a pricelist of its own (10 % off); `sign` puts its agreement in force.

    :param rpc: the fixture
    :param make_user: the fixture
    :param str name: of the company
    """

    def __init__(self, rpc, make_user, name):
        self.rpc = rpc
        self.admin = rpc()
        self.make_user = make_user
        self.name = name
        self.partners = {}
        self.members = {}
        self.id = self.admin.create(
            "res.partner",
            name=name,
            is_company=True,
            street="ul. Długa 7",
            zip="31-146",
            city="Kraków",
            country_id=self.admin.ref("base.pl"),
        )
        self.pricelist = make_pricelist(self.admin, f"{name} list")

    def add(self, login, name, **rights):
        """Add somebody with a login; without rights, with the company's default ones.

        :return: the id of the contact
        """
        user = self.make_user(login, BUYS, name=name, parent_id=self.id)
        partner = self.admin.read("res.users", user, "partner_id")["partner_id"][0]
        self.partners[login] = partner
        if rights:
            self.members[login] = self.admin.create("b2b.member", partner_id=partner, **rights)
        return partner

    def sign(self, login, **terms):
        """Make an agreement that this person has signed."""
        values = {"pricelist_id": self.pricelist, "date_start": iso(0), "body": "<p>Terms</p>"}
        agreement = self.admin.create("b2b.agreement", partner_id=self.id, **{**values, **terms})
        self.admin.call("b2b.agreement", "action_send", [agreement])
        sign(self.admin, self.rpc(login), agreement)

    def make_article(self, sku, name, price, own_number=None):
        """Return the id of an article, which the company may call by a number of its own."""
        product = self.admin.create(
            "product.product",
            name=name,
            default_code=sku,
            list_price=price,
            taxes_id=[],
            invoice_policy="order",
        )
        if own_number:
            self.admin.create(
                "customer.product.reference",
                partner_id=self.id,
                product_id=product,
                customer_product_reference=own_number,
            )
        return product

    def make_invoice(self, amount, days_ago, due_in):
        """Return the id of a posted invoice, dated so many days ago, due so many days from now."""
        line = (0, 0, {"name": "Bolts", "quantity": 1, "price_unit": amount, "tax_ids": []})
        invoice = self.admin.create(
            "account.move",
            move_type="out_invoice",
            partner_id=self.id,
            invoice_date=iso(-days_ago),
            invoice_date_due=iso(due_in),
            invoice_payment_term_id=False,
            invoice_line_ids=[line],
        )
        self.admin.call("account.move", "action_post", [invoice])
        return invoice

    def find_order(self, po_number):
        """Return what the seller knows of the order with this PO number."""
        (order,) = self.admin.search("sale.order", [("client_order_ref", "=", po_number)])
        fields = ["name", "state", "b2b_qualifier", "amount_untaxed", "order_line"]
        return self.admin.read("sale.order", order, *fields)

    def read_log(self):
        """Return the notes in the log of the company, the latest first, as one text."""
        domain = [("model", "=", "res.partner"), ("res_id", "=", self.id)]
        rows = self.admin.call("mail.message", "search_read", domain, ["body"])
        return "\n".join(row["body"] for row in rows)


def make_pricelist(admin, name, percent=10):
    """Return the id of a B2B pricelist with so much off everything."""
    pricelist = admin.create("product.pricelist", name=name, is_b2b=True)
    admin.create(
        "product.pricelist.item",
        pricelist_id=pricelist,
        compute_price="percentage",
        percent_price=percent,
    )
    return pricelist


def iso(days):
    """Return the date so many days from now."""
    return (datetime.date.today() + datetime.timedelta(days)).isoformat()
