"""Fill a database as its users would in a year; Odoo's shell runs it with the old addons.

`env` is the administrator's. Nothing of it is random, so that what the test finds can be found
again. A name that a later release no longer has is no matter here: this is the old release's.
"""

from datetime import timedelta

from odoo import fields
from odoo.fields import Command

DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
TODAY = fields.Date.today()
MOMENT = "2026-03-01T12:00:00+01:00"
env = globals()["env"]
ref = env.ref
has_shop = "website" in env
has_stock = "stock.picking" in env
has_b2b = "b2b.agreement" in env
has_feed = "order.flag.feed" in env


def make(model, /, **values):
    return env[model].create(values)


def translate(record, field, **texts):
    """Set texts by language: `pl="..."`, `sl="..."`."""
    codes = {"pl": "pl_PL", "sl": "sl_SI"}
    record.update_field_translations(field, {codes[key]: text for key, text in texts.items()})


# === PEOPLE ===


def make_user(login, groups, **values):
    user = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": values.pop("name", login.capitalize()),
                "login": login,
                "password": login,
                "email": f"{login}@example.com",
                "group_ids": [Command.set([ref(name).id for name in groups])],
            }
        )
    )
    user.partner_id.write(values)
    return user


def make_company(name, **values):
    return make(
        "res.partner", name=name, is_company=True, email=f"{name.lower()}@example.com", **values
    )


ref("base.user_admin").email = "admin@example.com"
office = ref("base.main_company")
office.partner_id.tz = "Europe/Warsaw"
branch = make("res.company", name="Second Office")
clerk = make_user(
    "clerk",
    [
        "base.group_user",
        "sales_team.group_sale_salesman_all_leads",
        "order_status_flags.group_status_manager",
    ],
)
seller = make_user("seller", ["base.group_user", "sales_team.group_sale_salesman"])
retail = make_user("retail", ["base.group_portal"], lang="pl_PL")
customer = make("res.partner", name="Hurtownia Nowak", email="nowak@example.com", lang="pl_PL")
mute = make("res.partner", name="No Address")
buyer_company = make_company("Buyer", vat="", user_id=clerk.id)
rival_company = make_company("Rival")
buyer = make_user("buyer", ["base.group_portal"], parent_id=buyer_company.id)
buyer2 = make_user("buyer2", ["base.group_portal"], parent_id=buyer_company.id, lang="sl_SI")
rival = make_user("rival", ["base.group_portal"], parent_id=rival_company.id)

# === CODEBOOK ===

saved = ref("order_status_flags.status_saved")
in_progress = ref("order_status_flags.status_in_progress")
rejected = ref("order_status_flags.status_rejected")
flag_in_progress = ref("order_status_flags.flag_in_progress")
paid_event = ref("order_status_flags.event_payment_received")
invoiced_event = ref("order_status_flags.event_invoice_posted")
status_template = ref("order_status_flags.mail_template_status_changed")

# Deleted by the administrator, who has statuses and flags of his own instead.
ref("order_status_flags.status_fulfilled").unlink()
ref("order_status_flags.flag_rejected").unlink()

own_template = status_template.copy({"name": "Own template", "subject": "Order {{ object.name }}"})
completed = make(
    "sale.order.status",
    name="Completed",
    description="All done.",
    category="done",
    sequence=45,
    event_ids=[Command.set(invoiced_event.ids)],
    mail_template_id=own_template.id,
)
packed = make(
    "sale.order.status",
    name="Packed",
    category="in_progress",
    sequence=25,
    cancellation_qualifier="on_request",
    event_ids=[Command.set(paid_event.ids)],
    next_status_ids=[Command.set((completed | rejected).ids)],
    mail_template_id=status_template.id,
    max_days=3,
    color=7,
)
internal = make(
    "sale.order.status",
    name="Being checked",
    category="in_progress",
    sequence=22,
    is_public=False,
    mail_template_id=status_template.id,
)
of_branch = make(
    "sale.order.status", name="Branch only", company_id=branch.id, document_type="sale"
)
retired = make("sale.order.status", name="Retired", active=False)
saved.write({"name": "We have it", "max_days": 2, "color": 9})
translate(saved, "name", pl="Mamy to", sl="Imamo")
translate(packed, "name", pl="Spakowane", sl="Zapakirano")
in_progress.write({"cancellation_qualifier": "allowed", "description": "Our people are at it."})
translate(in_progress, "description", pl="Pracujemy nad tym.")
status_template.write({"subject": "News of {{ object.name }}"})
translate(status_template, "subject", pl="Nowości o {{ object.name }}")
translate(status_template, "body_html", sl="<p>Naročilo <t t-out='object.name'/>: nov status.</p>")
ref("order_status_flags.mail_activity_type_cancelled").summary = "Look at it"
ref("order_status_flags.seq_sale_order_status").write({"prefix": "ST", "padding": 3})

managers = ref("order_status_flags.group_status_manager")
own_flag = make(
    "sale.order.flag",
    name="Call back",
    default_note="Call before noon",
    group_ids=[Command.set(managers.ids)],
    color=3,
)
packed_flag = make("sale.order.flag", name="Packed", status_id=packed.id, document_type="sale")
void_flag = make("sale.order.flag", name="Void", cancel_order=True, status_id=rejected.id)
make("sale.order.flag", name="Old", active=False)
make("sale.order.flag", name="Of the branch", company_id=branch.id, status_id=of_branch.id)
translate(own_flag, "name", pl="Oddzwonić", sl="Pokliči")
office.write(
    {
        "order_status_cancel_reason_required": True,
        "order_status_mail_delay": 0,
        "order_status_customer_cancel": True,
    }
)
branch.write({"order_status_tracking_page": False, "order_status_on_sales_orders": False})
ref("order_status_flags.ir_cron_status_mail").write({"interval_number": 7, "priority": 6})

# === PRODUCTS ===

tax = env["account.tax"].search(
    [("type_tax_use", "=", "sale"), ("company_id", "=", office.id)], limit=1
)
bolt = make(
    "product.product",
    name="Bolt",
    default_code="0042",
    type="consu",
    list_price=10.0,
    invoice_policy="order",
    taxes_id=[Command.set(tax.ids)],
)
nut = make("product.product", name="Nut", default_code="0043", list_price=50.0, taxes_id=False)
service = make(
    "product.product", name="Advice", type="service", list_price=80.0, invoice_policy="order"
)

# === ORDERS ===


def order(partner=customer, product=bolt, quantity=5, **values):
    line = {"product_id": product.id, "product_uom_qty": quantity}
    return (
        env["sale.order"]
        .with_context(mail_auto_subscribe_no_notify=True)
        .create(
            {
                "partner_id": partner.id,
                "user_id": clerk.id,
                "order_line": [Command.create(line)],
                **values,
            }
        )
        .with_env(env)
    )


def confirmed(**values):
    result = order(**values)
    result.action_confirm()
    return result


def invoice(sale, post=True, quantity=None):
    move = sale._create_invoices()
    if quantity:
        move.invoice_line_ids.write({"quantity": quantity})
    if post:
        move.action_post()
    return move


def ship(sale, quantity=None):
    for picking in sale.picking_ids.filtered(lambda one: one.state not in ("done", "cancel")):
        for move in picking.move_ids:
            move.quantity = quantity or move.product_uom_qty
            move.picked = True
        picking.with_context(skip_backorder=True)._action_done()


def run_status_mails():
    env["sale.order.status.history"]._cron_send_status_mails()
    env["mail.mail"].process_email_queue()


def take_every_mail(_self, message, *_args, **_kwargs):
    """Stand for a mail server that takes everything."""
    return message["Message-Id"]


def connect_to_nothing(_self, *_args, **_kwargs):
    return None


mail_server = type(env["ir.mail_server"])
mail_server.send_email = take_every_mail
mail_server._connect__ = connect_to_nothing

# What the customers were told before.
told = confirmed(client_order_ref="TOLD-1")
told.set_order_status(in_progress.id, note="Taken by hand")
silent = confirmed(partner=mute)
silent.set_order_status(in_progress.id)
overtaken = confirmed()
overtaken.set_order_status(in_progress.id)
overtaken.set_order_status(packed.id)
run_status_mails()
unwanted = confirmed()
unwanted.set_order_status(in_progress.id, notify=False)
hidden = confirmed()
hidden.set_order_status(internal.id)

order(state="draft")
order().action_quotation_sent()
forced = confirmed()
forced.set_order_status(packed.id)
forced.with_user(clerk).set_order_status(saved.id, note="Back, by force", force=True, notify=False)
flagged = confirmed()
flagged.with_user(clerk).set_order_flag(own_flag.id)
flagged.with_user(clerk).set_order_flag(own_flag.id, note="Asked for Anna")
flagged_packed = confirmed()
flagged_packed.set_order_flag(packed_flag.id, note="Shelf 7")
void = confirmed()
void.set_order_flag(void_flag.id, note="Twice in the books")
cancelled = confirmed()
cancelled.action_cancel()
reopened = confirmed()
reopened.action_cancel()
reopened.action_draft()
locked = confirmed()
locked.action_lock()
rotated = confirmed()
rotated.rotate_tracking_token()
by_customer = confirmed(partner=retail.partner_id)
by_customer.with_user(retail).sudo()._customer_cancel("Changed my mind", retail.partner_id)
asking = confirmed(partner=retail.partner_id)
asking.set_order_status(packed.id)
asking.with_user(retail).sudo()._customer_cancel("Too late for me", retail.partner_id)
declined = confirmed(partner=retail.partner_id)
declined.set_order_status(packed.id)
declined.with_user(retail).sudo()._customer_cancel("Please", retail.partner_id)
declined.action_decline_cancellation("It is on its way")
invoiced = confirmed(product=service)
invoice(invoiced)
partly_invoiced = confirmed()
invoice(partly_invoiced, quantity=2)
draft_invoice = confirmed()
invoice(draft_invoice, post=False)
order(company_id=branch.id, user_id=False)
if has_stock:
    shipped = confirmed()
    ship(shipped)
    ship(confirmed(), quantity=2)
if has_shop:
    site = env["website"].search([], limit=1)
    order(partner=retail.partner_id, website_id=site.id)
    web = order(partner=retail.partner_id, website_id=site.id)
    web.action_quotation_sent()
    web_done = confirmed(partner=retail.partner_id, website_id=site.id)
    web_done.set_order_status(in_progress.id)

# === B2B ===


def make_agreement(partner, pricelist, state="draft", **values):
    result = make(
        "b2b.agreement",
        partner_id=partner.id,
        pricelist_id=pricelist.id,
        **{"date_start": TODAY - timedelta(days=30), **values},
    )
    if state != "draft":
        result.action_send()
    if state not in ("draft", "sent"):
        contact = partner.child_ids[:1] or partner
        result._sign("Anna Buyer", DOT, contact)
        result.pdf_attachment_id = make(
            "ir.attachment",
            name=f"{result.name.replace('/', '-')}.pdf",
            raw=b"%PDF-1.4 signed",
            res_model=result._name,
            res_id=result.id,
        )
    if state == "terminated":
        result.action_terminate()
    return result


def cart_of(user, agreement, *wanted):
    cart = env["sale.order"].with_user(user)._get_b2b_cart(agreement.with_user(user), create=True)
    cart._add_b2b_lines([(product, product.uom_id, quantity) for product, quantity in wanted])
    return cart


def place(user, agreement, reference, mailed=True):
    cart = cart_of(user, agreement, (bolt, 12), (nut, 3))
    cart._place_b2b_order({"client_order_ref": reference, "b2b_note": "At the back door"})
    result = env["sale.order"].browse(cart.id)
    if mailed:
        result.b2b_mail_pending = False
    return result


def fill_b2b():
    bolt.product_tmpl_id.b2b_discount = 12.5
    office.b2b_price_policy = "product_first"
    if "b2b_stock_display" in office:
        office.b2b_stock_display = "quantity"
    prices = make(
        "product.pricelist",
        name="Buyers",
        is_b2b=True,
        item_ids=[
            Command.create(
                {
                    "applied_on": "0_product_variant",
                    "product_id": nut.id,
                    "compute_price": "fixed",
                    "fixed_price": 41.37,
                    "min_quantity": 10,
                }
            ),
            Command.create({"compute_price": "percentage", "percent_price": 7.0}),
        ],
    )
    rival_prices = make("product.pricelist", name="Rivals", is_b2b=True)
    term = env["account.payment.term"].search([], limit=1)
    wording = make("b2b.agreement.template", name="Own wording", body="<p>With {{ customer }}.</p>")
    ref("b2b_portal.agreement_template_cooperation").body = "<p>Our words for {{ customer }}.</p>"
    proforma_template = ref("b2b_portal.mail_template_b2b_proforma")
    proforma_template.subject = "Pro-forma {{ object.name }} of ours"
    translate(proforma_template, "subject", pl="Pro forma {{ object.name }} nasza")
    ref("b2b_portal.mail_template_agreement_reminder_seller").unlink()
    ref("b2b_portal.mail_template_agreement_send").subject = "Please sign {{ object.name }}"
    ref("b2b_portal.mail_template_agreement_reminder").body_html = "<p>It ends soon.</p>"
    ref("b2b_portal.sequence_agreement").write({"prefix": "CON-", "number_increment": 5})
    ref("b2b_portal.sequence_proforma").prefix = "PF-%(year)s-"
    ref("b2b_portal.ir_cron_agreement_reminder").interval_number = 2

    ended = make_agreement(buyer_company, prices, "signed", date_start=TODAY - timedelta(days=400))
    ended.date_end = TODAY - timedelta(days=31)
    force = make_agreement(
        buyer_company,
        prices,
        "signed",
        date_end=TODAY + timedelta(days=300),
        payment_term_id=term.id,
        minimum_order_amount=20.0,
        po_number_required=True,
        user_id=clerk.id,
    )
    force.action_renew()
    of_rival = make_agreement(rival_company, rival_prices, "signed")
    make_agreement(customer, rival_prices, "terminated")
    make_agreement(customer, rival_prices, "sent")
    make_agreement(customer, prices, template_id=wording.id)
    ended.reminded_days = 7

    place(buyer, force, "PO-1").action_confirm()
    place(buyer2, force, "PO-2").set_order_status(in_progress.id)
    place(rival, of_rival, "R-1").action_cancel()
    place(rival, of_rival, "R-2", mailed=False)
    made = place(buyer, force, "PO-3")
    cart_of(buyer, force, (bolt, 24), (nut, 12))
    cart_of(rival, of_rival, (nut, 1))
    Orders = env["sale.order"].with_user(buyer)
    Orders._create_b2b_template(force.with_user(buyer), "Monthly", made.with_user(buyer))
    shared = Orders._create_b2b_template(force.with_user(buyer), "For all", made.with_user(buyer))
    shared.sudo().b2b_template_shared = True
    fill_customisations(
        "b2b_portal", "b2b.agreement", "b2b_agreement_view_form", "b2b_agreement_action"
    )
    make(
        "ir.model.access",
        name="Own right",
        model_id=env["ir.model"]._get_id("b2b.agreement"),
        group_id=managers.id,
        perm_read=True,
    )
    force.message_subscribe([customer.id])
    force.activity_schedule("mail.mail_activity_data_call", summary="Ask for a renewal")
    make("ir.rule", name="Own rule", model_id=env["ir.model"]._get_id("b2b.agreement"))
    env["ir.default"].set("b2b.agreement", "po_number_required", True)


# === CUSTOMISED BY USERS ===


def fill_customisations(module, model, view, action):
    """Make what an administrator builds on a model, a view and an action of an addon."""
    model_id = env["ir.model"]._get_id(model)
    make(
        "ir.ui.view",
        name=f"own.{model}",
        model=model,
        inherit_id=ref(f"{module}.{view}").id,
        arch="<xpath expr='//sheet' position='inside'><p class='own'>Of ours</p></xpath>",
    )
    make(
        "ir.filters",
        name=f"Own filter of {model}",
        model_id=model,
        domain="[('create_uid', '=', uid)]",
        user_ids=[Command.set(clerk.ids)],
        action_id=ref(f"{module}.{action}").id,
    )
    export = make("ir.exports", name=f"Own export of {model}", resource=model)
    make("ir.exports.line", export_id=export.id, name="display_name")
    make(
        "ir.actions.server",
        name=f"Own action of {model}",
        model_id=model_id,
        state="code",
        code=f"action = env.ref('{module}.{action}').read()[0]",
        binding_model_id=model_id,
    )
    make(
        "ir.model.fields",
        name="x_own",
        model_id=model_id,
        field_description="Own field",
        ttype="char",
    )
    record = env[model].search([], limit=1)
    if model == "sale.order.status":
        record.x_own = "kept"


def fill_website():
    """Edit portal pages as the website editor does: a copy of the view for the website."""
    edited = ["order_status_flags.tracking_page"]
    edited += ["b2b_portal.portal_my_agreements"] if has_b2b else []
    for name in edited:
        view = ref(name, raise_if_not_found=False)
        if not view:
            continue
        arch = view.arch_db.replace("</t>", "<!-- own words --></t>", 1)
        view.with_context(website_id=site.id).write({"arch": arch})


def fill_feed():
    feed = make(
        "order.flag.feed",
        name="Subiekt",
        system="subiekt_gt",
        mapping_ids=[
            Command.create({"external_flag": "W trakcie", "flag_id": flag_in_progress.id}),
            Command.create({"external_flag": "Spakowane", "flag_id": packed_flag.id}),
        ],
    )
    feed._make_client_key(fields.Datetime.now() + timedelta(days=90))
    by_number = make("order.flag.feed", name="Other", order_ref_field="external_ref", active=False)
    make("order.flag.feed.mapping", feed_id=by_number.id, external_flag="X", flag_id=own_flag.id)
    pushed = confirmed(external_ref="ZK 1/2026")
    row = {"key": "1", "order": pushed.name, "flag": "W trakcie", "changed_at": MOMENT}
    rows = [
        row,
        {**row, "key": "2", "changed_at": "2026-02-01T12:00:00+01:00"},
        {**row, "key": "3", "flag": "Nieznana", "changed_at": "2026-03-02T12:00:00+01:00"},
        {**row, "key": "4", "order": "none"},
        {**row, "key": "5", "changed_at": "yesterday"},
        {**row, "key": "1"},
    ]
    results = [answer["result"] for answer in feed.push(rows)]
    assert results == [
        *("applied", "stale", "unknown_flag", "unknown_order", "invalid", "duplicate")
    ], results
    fill_customisations(
        "order_status_flags_feed",
        "order.flag.feed",
        "order_flag_feed_view_form",
        "order_flag_feed_action",
    )


fill_customisations(
    "order_status_flags",
    "sale.order.status",
    "sale_order_status_view_form",
    "sale_order_status_action",
)
make(
    "ir.filters",
    name="Stuck ones",
    model_id="sale.order",
    domain="[('is_status_stuck', '=', True), ('order_status_id.name', '!=', 'x')]",
    user_ids=[Command.set([])],
)
export = make("ir.exports", name="Orders with status", resource="sale.order")
for name in ("name", "order_status_id/name", "order_flag_note", "document_type"):
    make("ir.exports.line", export_id=export.id, name=name)
env["ir.default"].set("sale.order.status", "category", "new")
env["ir.config_parameter"].set_param("order_status_flags.own", "kept")
told.message_subscribe([retail.partner_id.id])
told.message_post(body="A note of ours", message_type="comment", subtype_xmlid="mail.mt_note")
told.activity_schedule("order_status_flags.mail_activity_type_cancelled", user_id=clerk.id)
if has_b2b:
    fill_b2b()
if has_feed:
    fill_feed()
if has_shop:
    fill_website()

# What waits while the new addons come: one e-mail in the queue, one not yet rendered.
run_status_mails()
queued = confirmed(client_order_ref="QUEUED")
queued.set_order_status(in_progress.id)
env["sale.order.status.history"]._cron_send_status_mails()
waiting = confirmed(client_order_ref="WAITING")
waiting.set_order_status(in_progress.id)
again = env["sale.order.status.history"].search(
    [("order_id", "=", unwanted.id), ("mail_state", "=", "suppressed")], limit=1
)
again.action_resend_mail()
env.cr.commit()

states = set(env["sale.order.status.history"].search([]).mapped("mail_state"))
assert states == {"none", "pending", "sent", "failed", "superseded", "suppressed"}, states
