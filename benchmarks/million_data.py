"""What a database of a wholesaler with so many orders holds, and how it is made.

Two steps, so that the installation of the addons can be measured in between: `fill_plain` writes
what plain Odoo knows, `fill_addons` what the addons add. Both make some records of each kind with
Odoo itself, copy the first of them by SQL, and compare the copies with the others.
"""

from dataclasses import dataclass

from agreements import sign_agreement
from copies import Copies, bare
from data import LOGIN

from odoo import Command
from odoo.tools import SQL

# As `secrets.token_urlsafe(32)` writes one.
NEW_TOKEN = SQL(
    "translate(rtrim(encode(sha256(gen_random_uuid()::text::bytea), 'base64'), '='), '+/', '-_')"
)
# Orders come at this pace, the newest now: a million of them in nearly five years.
PACE = 150  # seconds
OWN_ORDERS = 200
LINES = 3
# Copies are compared with so many records of their kind.
FRESH = 2
# Of a hundred orders; the others are confirmed, and not invoiced in Odoo.
SHARES = {"invoiced": 20, "cancelled": 3, "quotation": 2, "web": 45}
# Per cent of the orders that an ERP has made a document of.
DOCUMENTS = 20


@dataclass(frozen=True)
class Size:
    """How much of everything a database holds, by the number of its orders."""

    orders: int

    @property
    def customers(self):
        return self.orders * 3 // 10

    @property
    def products(self):
        return max(self.orders // 20, 50)

    @property
    def agreements(self):
        return max(self.orders // 500, 2)

    @property
    def open_orders(self):
        """Orders that are not done yet: at least a page of them, at most those of nine days."""
        return max(self.orders // 200, 100)


def word(number):
    """SQL of a name nobody else has, of letters: what people search for looks like this."""
    letters = "translate(substr(md5((%s)::text), 1, 9), '0123456789', 'ghijklmnop')"
    return SQL(f"initcap({letters})", number)


def email(number):
    return SQL("lower(%s) || '@example.com'", word(number))


def phone(number):
    """SQL of a Polish number, as people write it; no two are the same below 10 million."""
    digits = SQL("lpad(((%s)::bigint * 7919 %% 10000000)::text, 7, '0')", number)
    return SQL(
        "'+48 61 ' || substr(%s, 1, 3) || ' ' || substr(%s, 4, 2) || ' ' || substr(%s, 6, 2)",
        *(digits, digits, digits),
    )


def padded(number, width):
    """SQL of a number with zeros before it, as sequences write it: a longer one is not cut."""
    return SQL("lpad(%s::text, GREATEST(%s, length(%s::text)), '0')", number, width, number)


def child_of_record(model):
    """SQL that a row `s` of a table with model and id belongs to a parent's sample."""
    return SQL("s.model = %s AND s.res_id = parent.sample", model)


class Filling:
    """One run: the environment, the size, and every kind of copies it has made.

    :param env: the administrator's environment
    :param int orders: how many orders the database shall have
    """

    def __init__(self, env, orders):
        self.env, self.cr, self.size = env, env.cr, Size(orders)
        self.copies = []

    def keep(self, copies):
        self.copies.append(copies)
        return copies

    def differences(self):
        return [words for copies in self.copies for words in copies.differences()]

    def first_of(self, records):
        """Return the samples of a list of records: the first is copied, the others compared."""
        return {records[0].id: records[1:].ids}


# === PLAIN ODOO ===


class PlainFilling(Filling):
    """What is there before the addons come: customers, products, orders, invoices."""

    def run(self):
        env = self.env
        # An addon switches pricelists on: plain Odoo must do the same work for a fair comparison.
        env["res.config.settings"].create({"group_product_pricelist": True}).execute()
        if not env.company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", env.company)
        self.make_customer()
        self.make_samples()
        env.flush_all()
        self.copy_customers()
        self.copy_products()
        self.copy_orders()
        self.copy_invoices()
        env.invalidate_all()
        self.make_own_orders()

    def make_customer(self):
        """Make the portal user whose pages are measured."""
        values = {
            "name": "Bench",
            "login": LOGIN,
            "password": LOGIN,
            "email": "bench@example.com",
            "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
        }
        users = self.env["res.users"].with_context(no_reset_password=True)
        self.customer = users.create(values).partner_id
        self.customer.write({"is_company": True, "country_id": self.env.ref("base.pl").id})

    # === SAMPLES ===

    def make_samples(self):
        """Make with Odoo what is copied, and as much again to compare with."""
        numbers = range(1 + FRESH)
        poland = self.env.ref("base.pl").id
        self.companies = self.env["res.partner"].create(
            [
                {
                    "name": f"Sample{chr(97 + number)}",
                    "is_company": True,
                    "email": f"sample{number}@example.com",
                    "phone": f"+48 61 555 01 0{number}",
                    "street": f"Polna {number}",
                    "zip": f"61-00{number}",
                    "city": "Poznan",
                    "country_id": poland,
                    "ref": f"C{number}",
                }
                for number in numbers
            ]
        )
        self.contacts = self.env["res.partner"].create(
            [
                {
                    "name": f"Contact{chr(97 + company.id % 26)}",
                    "parent_id": company.id,
                    "email": f"contact{company.id}@example.com",
                    "phone": f"+48 61 555 02 {company.id % 100:02}",
                }
                for company in self.companies
            ]
        )
        self.services = self.make_products("Service", type="service", invoice_policy="order")
        self.goods = self.make_products("Goods", type="consu", is_storable=True)
        self.orders = {kind: self.make_orders(kind) for kind in (*SHARES, "confirmed")}

    def make_products(self, name, **values):
        return self.env["product.product"].create(
            [
                {
                    "name": f"{name} {chr(97 + number)}",
                    "default_code": f"{name[0]}{number:07}",
                    # The same of all, so that amounts can be compared.
                    "list_price": 10,
                    "is_published": True,
                    **values,
                }
                for number in range(max(1 + FRESH, LINES + FRESH))
            ]
        )

    def make_orders(self, kind):
        """Make orders of three lines, each of another customer and with another article first."""
        orders = self.env["sale.order"].create(
            [
                {
                    "partner_id": company.id,
                    "client_order_ref": f"PO {number}",
                    "website_id": kind == "web" and self.env.ref("website.default_website").id,
                    "order_line": self.make_lines(number),
                }
                for number, company in enumerate(self.companies)
            ]
        )
        if kind == "quotation":
            orders.action_quotation_sent()
        else:
            orders.action_confirm()
        if kind == "cancelled":
            orders._action_cancel()
        if kind == "invoiced":
            for order in orders:
                order._create_invoices().action_post()
        return orders

    def make_lines(self, number):
        products = self.services[number : number + LINES]
        return [
            Command.create({"product_id": product.id, "product_uom_qty": 1 + place})
            for place, product in enumerate(products)
        ]

    def make_own_orders(self):
        """Make the orders that the portal user sees on the pages."""
        values = {"partner_id": self.customer.id, "order_line": self.make_lines(0)}
        count = min(OWN_ORDERS, self.size.orders)
        own = self.env["sale.order"].create([dict(values) for _order in range(count)])
        own.action_confirm()

    # === COPIES ===

    def copy_customers(self):
        """Make two companies, then a contact of the second, and so on."""
        company, contact = self.first_of(self.companies), self.first_of(self.contacts)
        is_contact = SQL("n %% 3 = 0")
        partners = self.partners = self.keep(
            Copies.numbered(
                self.cr,
                "res_partner",
                {**company, **contact},
                self.size.customers,
                SQL("CASE WHEN %s THEN %s ELSE %s END", is_contact, *contact, *company),
            )
        )
        is_contact, own, above = SQL("plan.n %% 3 = 0"), SQL("plan.n"), SQL("plan.n - 1")
        name = SQL("%s || CASE WHEN %s THEN '' ELSE ' Ltd' END", word(own), is_contact)
        full = SQL(
            "CASE WHEN %s THEN %s || ' Ltd, ' ELSE '' END || %s", is_contact, word(above), name
        )
        number = phone(own)
        with bare(self.cr, "res_partner", "mail_followers", "mail_message"):
            partners.insert(
                name=name,
                complete_name=full,
                email=email(own),
                email_normalized=email(own),
                phone=number,
                phone_sanitized=SQL("replace(%s, ' ', '')", number),
                ref=SQL("CASE WHEN %s THEN NULL ELSE 'C' || plan.n END", is_contact),
                parent_id=SQL("CASE WHEN %s THEN plan.id - 1 END", is_contact),
                commercial_partner_id=SQL(
                    "CASE WHEN %s THEN plan.id - 1 ELSE plan.id END", is_contact
                ),
                commercial_company_name=SQL(
                    "CASE WHEN %s THEN %s || ' Ltd' ELSE %s END", is_contact, word(above), name
                ),
                street=SQL("'Polna ' || plan.n"),
                zip=SQL(
                    "CASE WHEN s.zip IS NOT NULL"
                    " THEN '61-' || lpad((plan.n %% 1000)::text, 3, '0') END"
                ),
            )
            self.copy_messages(partners, "res.partner")

    def copy_messages(self, parent, model, body=None):
        """Copy the notes that Odoo wrote when it made the samples.

        :param SQL body: their texts, of `plan` and `s`; None = those of the samples
        """
        made = SQL("(SELECT create_date FROM %s WHERE id = plan.parent)", parent.name)
        messages = self.keep(parent.children("mail_message", child_of_record(model)))
        self.cr.execute(SQL("CREATE INDEX ON %s (parent)", messages.plan))
        messages.insert(
            parent_id=SQL(
                "(SELECT p.id FROM %s p WHERE p.parent = plan.parent AND p.sample = s.parent_id)",
                messages.plan,
            ),
            res_id=SQL("plan.parent"),
            body=body or SQL("s.body"),
            date=made,
            create_date=made,
            write_date=made,
            message_id=SQL("'<' || md5(random()::text) || '.' || plan.id || '@bench>'"),
        )

    def copy_products(self):
        """Make the assortment: half services, which are ordered, half goods of the shop."""
        service, goods = self.services.product_tmpl_id, self.goods.product_tmpl_id
        samples = {**self.first_of(service), **self.first_of(goods)}
        templates = self.keep(
            Copies.numbered(
                self.cr,
                "product_template",
                samples,
                self.size.products,
                SQL("CASE WHEN n %% 2 = 1 THEN %s ELSE %s END", service[0].id, goods[0].id),
            )
        )
        code = SQL("'A' || lpad(plan.n::text, 7, '0')")
        with bare(self.cr, "product_template", "product_product", "mail_message"):
            templates.insert(
                name=SQL("jsonb_build_object('en_US', 'Article ' || %s)", word(SQL("-plan.n"))),
                default_code=code,
                variants_default_code=code,
                list_price=SQL("10 + plan.n %% 97"),
                website_sequence=SQL("10000 + 5 * plan.n"),
            )
            templates.relate("product_taxes_rel", "prod_id")
            templates.relate("product_supplier_taxes_rel", "prod_id")
            self.copy_messages(templates, "product.template")
            link = SQL("s.product_tmpl_id = parent.sample")
            self.products = self.keep(templates.children("product_product", link))
            self.products.insert(
                product_tmpl_id=SQL("plan.parent"),
                default_code=SQL("'A' || lpad(plan.parent_n::text, 7, '0')"),
            )

    def copy_orders(self):
        """Make the orders, oldest first, with their lines, followers and notes."""
        sequence = self.env["ir.sequence"].search([("code", "=", "sale.order")], limit=1)
        start = sequence.number_next_actual
        count = self.size.orders - min(OWN_ORDERS, self.size.orders)
        samples = {orders[0].id: orders[1:].ids for orders in self.orders.values()}
        orders = self.keep(
            Copies.numbered(
                self.cr,
                "sale_order",
                samples,
                count,
                self.share_out(),
                partner=SQL(
                    "(%s + n::bigint * 7919 %% %s)::int",
                    *(self.partners.first_id(), self.size.customers),
                ),
                moment=SQL(
                    "date_trunc('second', now() AT TIME ZONE 'UTC')"
                    " - (%s - n) * interval '1 second' * %s",
                    *(count, PACE),
                ),
            )
        )
        number = SQL("(%s + plan.n)", start - 1)
        name = SQL("%s || %s", sequence.prefix, padded(number, sequence.padding))
        partner, moment = SQL("plan.partner"), SQL("plan.moment")
        with bare(self.cr, "sale_order", "sale_order_line", "mail_message", "mail_followers"):
            orders.insert(
                name=name,
                partner_id=partner,
                partner_invoice_id=partner,
                partner_shipping_id=partner,
                date_order=moment,
                create_date=moment,
                write_date=moment,
                validity_date=SQL(
                    "CASE WHEN s.validity_date IS NOT NULL"
                    " THEN (plan.moment + interval '30 days')::date END"
                ),
                client_order_ref=SQL("'PO ' || plan.n"),
                access_token=SQL(
                    "CASE WHEN s.access_token IS NOT NULL THEN gen_random_uuid()::text END"
                ),
                order_tracking_token=SQL(
                    "CASE WHEN s.order_tracking_token IS NOT NULL THEN %s END", NEW_TOKEN
                ),
                order_status_date=SQL(
                    "CASE WHEN s.order_status_date IS NOT NULL THEN plan.moment END"
                ),
                erp_placed_at=SQL("CASE WHEN s.erp_placed_at IS NOT NULL THEN plan.moment END"),
                b2b_customer_id=SQL(
                    "(SELECT commercial_partner_id FROM res_partner WHERE id = plan.partner)"
                ),
            )
            self.copy_lines(orders)
            self.copy_messages(orders, "sale.order")
            self.copy_followers(orders)
        sequence.number_next_actual = start + count
        self.order_copies = orders

    def share_out(self):
        """SQL of the sample of order `n`, by the shares of the kinds."""
        cases, border = [], 0
        for kind, share in SHARES.items():
            border += share
            cases.append(SQL("WHEN n %% 100 < %s THEN %s", border, self.orders[kind][0].id))
        return SQL("CASE %s ELSE %s END", SQL(" ").join(cases), self.orders["confirmed"][0].id)

    def copy_lines(self, orders):
        """Copy the lines: each has another service of the assortment."""
        # Every second product is a service, the first one too.
        product = SQL(
            "(%s + (parent.n::bigint * 31 + s.id * 17) %% %s * 2)::int",
            *(self.products.first_id(), self.size.products // 2),
        )
        link = SQL("s.order_id = parent.sample")
        lines = self.lines = self.keep(
            orders.children(
                "sale_order_line",
                link,
                product=product,
                partner=SQL("parent.partner"),
                moment=SQL("parent.moment"),
            )
        )
        lines.insert(
            order_id=SQL("plan.parent"),
            order_partner_id=SQL("plan.partner"),
            product_id=SQL("plan.product"),
            create_date=SQL("plan.moment"),
            write_date=SQL("plan.moment"),
            name=SQL(
                "(SELECT '[' || p.default_code || '] ' || (t.name->>'en_US') FROM product_product p"
                " JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.id = plan.product)"
            ),
        )
        lines.relate("account_tax_sale_order_line_rel", "sale_order_line_id")
        self.cr.execute(SQL("CREATE INDEX ON %s (parent)", lines.plan))

    def copy_followers(self, parent):
        """Copy who follows the samples: where their customer does, the own customer."""
        link = SQL("s.res_model = 'sale.order' AND s.res_id = parent.sample")
        partner = SQL(
            "CASE WHEN s.partner_id = (SELECT partner_id FROM sale_order WHERE id = parent.sample)"
            " THEN parent.partner ELSE s.partner_id END"
        )
        followers = self.keep(parent.children("mail_followers", link, partner=partner))
        followers.insert(res_id=SQL("plan.parent"), partner_id=SQL("plan.partner"))
        followers.relate("mail_followers_mail_message_subtype_rel", "mail_followers_id")

    def copy_invoices(self):
        """Make the invoice of every invoiced order."""
        link = SQL(
            "(parent.sample, s.id) IN (SELECT o.order_id, l.move_id FROM account_move_line l"
            " JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id"
            " JOIN sale_order_line o ON o.id = r.order_line_id)"
        )
        moves = self.keep(
            self.order_copies.children(
                "account_move", link, partner=SQL("parent.partner"), moment=SQL("parent.moment")
            )
        )
        sample = self.orders["invoiced"][0].invoice_ids
        prefix = SQL(
            "regexp_replace(%s, '20\\d\\d', to_char(plan.moment, 'YYYY'))", sample.sequence_prefix
        )
        number = SQL("(%s + plan.n)::int", self.last_number(sample))
        name = SQL("%s || %s", prefix, padded(number, 5))
        partner, day = SQL("plan.partner"), SQL("plan.moment::date")
        origin = SQL("(SELECT name FROM sale_order WHERE id = plan.parent)")
        with bare(self.cr, "account_move", "account_move_line", "mail_message", "mail_followers"):
            moves.insert(
                name=name,
                payment_reference=name,
                sequence_number=number,
                partner_id=partner,
                partner_shipping_id=partner,
                commercial_partner_id=SQL(
                    "(SELECT commercial_partner_id FROM res_partner WHERE id = plan.partner)"
                ),
                invoice_partner_display_name=SQL(
                    "(SELECT complete_name FROM res_partner WHERE id = plan.partner)"
                ),
                invoice_date=day,
                date=day,
                invoice_date_due=day,
                invoice_origin=origin,
                ref=SQL("(SELECT client_order_ref FROM sale_order WHERE id = plan.parent)"),
                access_token=SQL(
                    "CASE WHEN s.access_token IS NOT NULL THEN gen_random_uuid()::text END"
                ),
                create_date=SQL("plan.moment"),
                write_date=SQL("plan.moment"),
            )
            # The note of an invoice leads to its order.
            self.copy_messages(
                moves,
                "account.move",
                SQL(
                    "(SELECT regexp_replace(s.body, 'data-oe-id=\"\\d+\"> [^<]*',"
                    " 'data-oe-id=\"' || o.id || '\"> ' || o.name)"
                    " FROM %s move JOIN sale_order o ON o.id = move.parent"
                    " WHERE move.id = plan.parent)",
                    moves.plan,
                ),
            )
            self.copy_invoice_lines(moves)

    def last_number(self, move):
        self.cr.execute(
            "SELECT max(sequence_number) FROM account_move"
            " WHERE journal_id = %s AND sequence_prefix = %s",
            [move.journal_id.id, move.sequence_prefix],
        )
        return self.cr.fetchone()[0]

    def copy_invoice_lines(self, moves):
        """Copy the lines of the invoices, and that they are of lines of orders."""
        sold = SQL(
            "(SELECT o.id FROM %s o JOIN sale_order_line_invoice_rel r"
            " ON r.order_line_id = o.sample AND r.invoice_line_id = s.id"
            " WHERE o.parent = parent.parent)",
            self.lines.plan,
        )
        lines = self.keep(
            moves.children(
                "account_move_line",
                SQL("s.move_id = parent.sample"),
                partner=SQL("parent.partner"),
                moment=SQL("parent.moment"),
                sold=sold,
            )
        )
        move_name = SQL("(SELECT name FROM account_move WHERE id = plan.parent)")
        day = SQL("plan.moment::date")
        lines.insert(
            move_id=SQL("plan.parent"),
            move_name=move_name,
            partner_id=SQL("plan.partner"),
            date=day,
            invoice_date=SQL("CASE WHEN s.invoice_date IS NOT NULL THEN plan.moment::date END"),
            date_maturity=SQL("CASE WHEN s.date_maturity IS NOT NULL THEN plan.moment::date END"),
            ref=SQL(
                "CASE WHEN s.ref IS NOT NULL"
                " THEN (SELECT ref FROM account_move WHERE id = plan.parent) END"
            ),
            product_id=SQL("(SELECT product_id FROM sale_order_line WHERE id = plan.sold)"),
            name=SQL(
                "COALESCE((SELECT name FROM sale_order_line WHERE id = plan.sold),"
                " CASE WHEN s.display_type = 'payment_term'"
                " THEN (SELECT concat_ws(' - ', ref, name)"
                " FROM account_move WHERE id = plan.parent) ELSE s.name END)",
            ),
            create_date=SQL("plan.moment"),
            write_date=SQL("plan.moment"),
        )
        lines.relate("account_move_line_account_tax_rel", "account_move_line_id")
        lines.relate("account_account_tag_account_move_line_rel", "account_move_line_id")
        self.cr.execute(
            SQL(
                "INSERT INTO sale_order_line_invoice_rel (order_line_id, invoice_line_id)"
                " SELECT sold, id FROM %s WHERE sold IS NOT NULL",
                lines.plan,
            )
        )


# === WHAT THE ADDONS ADD ===


class AddonFilling(Filling):
    """What the addons know of the same orders and customers, after their installation."""

    def run(self):
        env = self.env
        self.statuses = {
            name: env.ref(f"order_status_flags.status_{name}")
            for name in ("in_progress", "fulfilled")
        }
        self.statuses["in_progress"].max_days = 8
        self.customer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
        partners = env["res.partner"].search([("name", "like", "Sample_")], order="id")
        self.companies = partners[: 1 + FRESH]
        self.make_samples()
        env.flush_all()
        self.find_orders()
        self.set_statuses()
        self.copy_history()
        self.copy_documents()
        # What the triggers of the feed would have noted.
        env["sale.order.erp.touch"].init()
        self.make_pricelists()
        self.make_agreements()
        self.copy_part_numbers()
        self.ask_for_attention()

    def make_samples(self):
        """Give some orders two statuses one after the other, and documents of an ERP."""
        orders = self.env["sale.order"].search(
            [("partner_id", "in", self.companies.ids), ("state", "=", "sale")], order="id"
        )
        self.orders = orders[: 1 + FRESH]
        quiet = self.orders.with_context(order_status_no_notify=True)
        for status in self.statuses.values():
            quiet.set_order_status(status.id)
        feed = self.env["order.flag.feed"].create({"name": "ERP"})
        client = feed.with_user(feed._ensure_client_user())
        rows = [
            {
                "key": f"sample-{order.id}",
                "order": order.name,
                "document": {
                    "kind": "order",
                    "number": f"ZK {order.id}/2026",
                    "date": "2026-03-01",
                },
                "changed_at": "2026-03-01T12:00:00+01:00",
            }
            for order in self.orders
        ]
        results = [answer["result"] for answer in client.push(rows)]
        assert set(results) == {"applied"}, results

    def find_orders(self):
        """Note which orders are done by now, and which are still open."""
        self.cr.execute(
            """
            CREATE TEMP TABLE filled_order AS
            SELECT id, date_order, row_number() OVER (ORDER BY id) AS n,
                   row_number() OVER (ORDER BY date_order DESC, id DESC) > %s AS is_done,
                   EXISTS (SELECT FROM sale_order_status_history WHERE order_id = so.id) AS is_told,
                   -- How long after the order each status came, of every order another time.
                   (id %% 59 + 1) / 3600.0 AS hours_to_first,
                   24 + id %% 97 AS hours_to_second
              FROM sale_order so
             WHERE state = 'sale' AND partner_id != %s AND partner_id != ALL(%s)
            """,
            [self.size.open_orders, self.customer.id, self.companies.ids],
        )
        self.cr.execute("CREATE UNIQUE INDEX ON filled_order (id); ANALYZE filled_order")

    def set_statuses(self):
        """Set statuses and numbers of the ERP, which has all but the newest orders."""
        done, present = self.statuses["fulfilled"].id, self.statuses["in_progress"].id
        with bare(self.cr, "sale_order"):
            self.cr.execute(
                SQL(
                    """
                    UPDATE sale_order so
                       SET order_status_id = CASE WHEN f.is_done THEN %(done)s ELSE %(present)s END,
                           customer_status_id = CASE WHEN f.is_done THEN %(done)s
                                                     ELSE %(present)s END,
                           order_status_date = f.date_order + interval '1 hour'
                               * (hours_to_first + CASE WHEN f.is_done THEN hours_to_second
                                                   ELSE 0 END),
                           order_tracking_token = COALESCE(order_tracking_token, %(token)s),
                           access_token = COALESCE(access_token, gen_random_uuid()::text),
                           external_ref = CASE WHEN f.is_done
                               THEN 'ZK ' || f.n || to_char(f.date_order, '/YYYY') END
                      FROM filled_order f
                     WHERE f.id = so.id
                    """,
                    done=done,
                    present=present,
                    token=NEW_TOKEN,
                )
            )

    def copy_history(self):
        """Write how the orders came to their status: what installing has not told yet."""
        told = self.orders.status_history_ids.filtered(lambda row: row.source == "manual")
        first, second = (
            told.filtered(lambda row, status=status: row.status_id == status).sorted("id")
            for status in self.statuses.values()
        )
        rows = SQL(
            "(SELECT row_number() OVER (ORDER BY id, step) AS n, f.id AS order_id,"
            " f.date_order, step, hours_to_first, hours_to_second"
            " FROM filled_order f, generate_series(1, 2) step"
            " WHERE CASE WHEN step = 1 THEN NOT is_told ELSE is_done END) f"
        )
        history = self.keep(
            Copies.planned(
                self.cr,
                "sale_order_status_history",
                {**self.first_of(first), **self.first_of(second)},
                rows,
                SQL("CASE WHEN step = 1 THEN %s ELSE %s END", first[0].id, second[0].id),
                order_id=SQL("f.order_id"),
                moment=SQL(
                    "f.date_order"
                    " + interval '1 hour' * (hours_to_first + (step - 1) * hours_to_second)"
                ),
                hours=SQL("CASE WHEN step = 1 THEN hours_to_first ELSE hours_to_second END"),
            )
        )
        with bare(self.cr, "sale_order_status_history"):
            history.insert(
                order_id=SQL("plan.order_id"), date=SQL("plan.moment"), duration=SQL("plan.hours")
            )

    def copy_documents(self):
        """Write the documents that the ERP has made of a part of the orders."""
        documents = self.orders.erp_document_ids.sorted("id")
        rows = SQL(
            "(SELECT row_number() OVER (ORDER BY id) AS n, id AS order_id, n AS number, date_order"
            " FROM filled_order WHERE is_done AND n %% 100 < %s) f",
            DOCUMENTS,
        )
        copies = self.keep(
            Copies.planned(
                self.cr,
                "sale_order_erp_document",
                self.first_of(documents),
                rows,
                SQL("%s", documents[0].id),
                order_id=SQL("f.order_id"),
                number=SQL("'ZK ' || f.number || to_char(f.date_order, '/YYYY')"),
                day=SQL("f.date_order::date"),
            )
        )
        with bare(self.cr, "sale_order_erp_document"):
            copies.insert(
                order_id=SQL("plan.order_id"), number=SQL("plan.number"), date=SQL("plan.day")
            )

    # === B2B ===

    def make_pricelists(self):
        """Make twenty lists with fifty rules each, whatever the number of products."""
        self.pricelists = self.env["product.pricelist"].create(
            [{"name": f"B2B {number}", "is_b2b": True} for number in range(20)]
        )
        templates = self.env["product.template"].search(
            [("default_code", "like", "A0")], order="id", limit=50
        )
        self.env["product.pricelist.item"].create(
            [
                {
                    "pricelist_id": pricelist.id,
                    "compute_price": "percentage",
                    "percent_price": 1 + number % 30,
                    "product_tmpl_id": template.id,
                }
                for pricelist in self.pricelists
                for number, template in enumerate(templates)
            ]
        )

    def make_agreements(self):
        """Make the agreements: of the portal user, of the samples, and their copies."""
        agreements = [
            sign_agreement(self.env, partner, self.pricelists[0]) for partner in self.companies
        ]
        sign_agreement(self.env, self.customer, self.pricelists[0])
        sample = agreements[0]
        rows = SQL(
            "(SELECT row_number() OVER (ORDER BY id) AS n, id AS partner_id FROM res_partner"
            " WHERE is_company AND ref LIKE 'C%%' AND id != ALL(%s) ORDER BY id LIMIT %s) p",
            *(self.companies.ids, self.size.agreements),
        )
        copies = self.keep(
            Copies.planned(
                self.cr,
                "b2b_agreement",
                {sample.id: [agreement.id for agreement in agreements[1:]]},
                rows,
                SQL("%s", sample.id),
                partner_id=SQL("p.partner_id"),
            )
        )
        copies.insert(
            name=SQL("regexp_replace(s.name, '\\d+$', lpad((1000 + plan.n)::text, 5, '0'))"),
            partner_id=SQL("plan.partner_id"),
            signed_partner_id=SQL("plan.partner_id"),
            signed_by=SQL("(SELECT name FROM res_partner WHERE id = plan.partner_id)"),
            signed_on=SQL("s.signed_on - plan.n * interval '1 minute'"),
            signed_hash=SQL("NULL"),
            signed_statement=SQL("NULL"),
            pricelist_id=SQL("%s + plan.n %% %s", self.pricelists[0].id, len(self.pricelists)),
        )
        link = SQL("s.res_model = 'b2b.agreement' AND s.res_id = parent.sample")
        self.keep(copies.children("ir_attachment", link)).insert(res_id=SQL("plan.parent"))
        self.agreement_copies = copies
        self.env["b2b.agreement"]._seal_former()
        self.env.flush_all()

    def copy_part_numbers(self):
        """Give each customer with an agreement twenty part numbers of his own."""
        products = self.env["product.product"].search(
            [("default_code", "like", "A0")], order="id", limit=20
        )
        model = self.env["customer.product.reference"]
        own = model.create(
            [
                {
                    "partner_id": partner.id,
                    "product_id": product.id,
                    "customer_product_reference": f"P-{partner.id}-{number}",
                }
                for partner in (*self.companies, self.customer)
                for number, product in enumerate(products)
            ]
        )
        rows = SQL(
            "(SELECT row_number() OVER (ORDER BY a.id, p.id) AS n, a.partner_id, p.id AS product_id"
            " FROM %s a, product_product p WHERE p.id IN %s) r",
            *(self.agreement_copies.plan, products._ids),
        )
        numbers = self.keep(
            Copies.planned(
                self.cr,
                "customer_product_reference",
                self.first_of(own[:3]),
                rows,
                SQL("%s", own[0].id),
                partner_id=SQL("r.partner_id"),
                product_id=SQL("r.product_id"),
            )
        )
        numbers.insert(
            partner_id=SQL("plan.partner_id"),
            product_id=SQL("plan.product_id"),
            customer_product_reference=SQL("'P-' || plan.partner_id || '-' || plan.product_id"),
        )

    def ask_for_attention(self):
        """Let eighty customers ask to cancel, a page of them at every size."""
        self.cr.execute(
            """
            UPDATE sale_order SET cancellation_requested_on = now() AT TIME ZONE 'UTC'
             WHERE id IN (SELECT id FROM filled_order WHERE NOT is_done ORDER BY id DESC LIMIT 80)
            """
        )
