"""What a company keeps: colleagues, approvals, budgets, part numbers, invoices; where installed.

No stranger may find `Zyxwv`, and no colleague without the right `Qwxzv`.
"""

from odoo.fields import Command

NAME = "Zyxwv Qwxzv"
MODELS = (
    "b2b.approval",
    "b2b.approval.decision",
    "b2b.approval.notice",
    "b2b.approval.rule",
    "b2b.approval.step",
    "b2b.approval.task",
    "b2b.budget",
    "b2b.cost.center",
    "b2b.credit.check",
    "b2b.credit.release",
    "b2b.member",
    "b2b.part.number.list",
    "b2b.registration",
    "customer.product.reference",
    "sale.order.erp.document",
)
# Model: what a stranger would guess of it.
GUESSES = {
    "b2b.approval": [("problem", "ilike", "Zyxwv")],
    "b2b.approval.decision": [("comment", "ilike", "Zyxwv")],
    "b2b.approval.rule": [("name", "ilike", "Zyxwv")],
    "b2b.approval.task": [("reason", "ilike", "Zyxwv")],
    "b2b.budget": [("amount", "=", 4321.25)],
    "b2b.cost.center": [("name", "ilike", "Zyxwv")],
    "b2b.member": [("order_limit", "=", 4321.25)],
    "b2b.registration": [("company_name", "ilike", "Zyxwv")],
    "customer.product.reference": [("customer_product_reference", "ilike", "Zyxwv")],
    "account.move": [("ref", "ilike", "Zyxwv")],
    "sale.order.erp.document": [("number", "ilike", "Zyxwv")],
}


def create_company_secrets(case):
    """Make one of everything that a company keeps.

    :param case: class of `WalkCommon`, with customer, buyer and products
    :return: `{model: records}`
    :rtype: dict
    """
    found = {"account.move": _create_invoice(case)}
    if "customer.product.reference" in case.env:
        found["customer.product.reference"] = case.env["customer.product.reference"].create(
            {
                "partner_id": case.customer.id,
                "product_id": case.product_b.id,
                "customer_product_reference": "Zyxwv-1",
            }
        )
    if "b2b.member" in case.env:
        found.update(_create_members(case))
    if "b2b.approval" in case.env:
        found.update(_create_approval(case))
    if "sale.order.erp.document" in case.env:
        found["sale.order.erp.document"] = _create_erp_document(case)
    return found


def _create_invoice(case):
    line = {"name": f"{NAME} goods", "product_id": case.product.id, "price_unit": 73.19}
    invoice = case.env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": case.customer.id,
            "invoice_date": "2026-01-02",
            "ref": NAME,
            "narration": NAME,
            "invoice_line_ids": [Command.create(line)],
        }
    )
    invoice.action_post()
    invoice.message_post(
        body=NAME,
        message_type="comment",
        subtype_xmlid="mail.mt_comment",
        attachments=[(f"{NAME}.txt", NAME.encode())],
    )
    return invoice


def _create_erp_document(case):
    """Make an invoice of an ERP on the pro-forma, as a feed does."""
    pdf = case.env["ir.attachment"].create({"name": f"{NAME}.pdf", "raw": NAME.encode()})
    feed = case.env["order.flag.feed"].create({"name": "ERP", "system": "subiekt_gt"})
    document = case.env["sale.order.erp.document"].create(
        {
            "order_id": case.proforma.id,
            "feed_id": feed.id,
            "kind": "invoice",
            "number": NAME,
            "date": "2026-01-02",
            "attachment_id": pdf.id,
        }
    )
    pdf.write({"res_model": document._name, "res_id": document.id})
    return document


def _create_members(case):
    looker = case._create_portal_user("b2b_looker", parent_id=case.customer.id)
    approver = case._create_portal_user("b2b_approver", parent_id=case.customer.id)
    case.looker_user, case.approver_user = looker, approver
    rights = {"may_order": False, "may_see_finance": False}
    members = case.env["b2b.member"].create(
        [
            {"partner_id": case.buyer_user.partner_id.id, "order_limit": 4321.25},
            {"partner_id": looker.partner_id.id, **rights},
            {"partner_id": approver.partner_id.id, "may_approve": True},
        ]
    )
    registration = case.env["b2b.registration"].create(
        {
            "company_name": NAME,
            "vat": "DE136695976",
            "contact_name": NAME,
            "email": "anna@example.com",
            "note": NAME,
        }
    )
    return {"b2b.member": members, "b2b.registration": registration}


def _create_approval(case):
    center = case.env["b2b.cost.center"].create(
        {"partner_id": case.customer.id, "code": "Zyxwv-1", "name": "Zyxwv workshop"}
    )
    budget = case.env["b2b.budget"].create(
        {
            "cost_center_id": center.id,
            "date_start": "2000-01-01",
            "date_end": "2100-12-31",
            "amount": 4321.25,
        }
    )
    approver = case.approver_user.partner_id._get_b2b_member()
    step = Command.create({"sequence": 10, "member_ids": [Command.set(approver.ids)]})
    second = Command.create({"sequence": 20, "member_ids": [Command.set(approver.ids)]})
    rule = case.env["b2b.approval.rule"].create(
        {"partner_id": case.customer.id, "name": NAME, "step_ids": [step, second]}
    )
    order = case._fill_cart(case.buyer_user)
    order._place_b2b_order(
        {"client_order_ref": f"{NAME} request", "b2b_note": NAME, "cost_center_id": center.id}
    )
    approval = order._get_b2b_approval()
    rule.active = False  # for the other carts of the walk
    return {
        "b2b.approval": approval,
        "b2b.approval.rule": rule,
        "b2b.approval.step": rule.step_ids,
        "b2b.approval.task": approval.task_ids,
        "b2b.budget": budget,
        "b2b.cost.center": center,
    }
