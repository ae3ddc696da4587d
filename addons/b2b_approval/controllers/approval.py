from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.b2b_account import rights
from odoo.addons.b2b_account.controllers.shop import B2BAccountPortal
from odoo.addons.b2b_portal.models.product_product.categories import COUNT_LIMIT
from odoo.addons.b2b_portal.quick_order_quantity import has_two_ways, parse_line_quantity
from odoo.addons.portal.controllers.portal import pager as portal_pager

PAGE = "/my/b2b/approvals"
PER_PAGE = 20


def read_lowered(form, order):
    """Return the quantities of a decision's form that differ; what is no quantity is refused.

    :param dict form: fields `qty_<line id>`
    :param sale.order order: of the request, in sudo mode
    :return: `{line id: quantity}`
    :rtype: dict
    :raise UserError: naming the article
    """
    lowered = {}
    for line in order.order_line.filtered("product_id"):
        text = form.get(f"qty_{line.id}")
        if text is None or not isinstance(text, str):
            continue
        quantity, error = parse_line_quantity(text, line.product_uom_id)
        if error:
            reason = order.env["b2b.quick.order"]._get_error_message(error)
            name = line.product_id.display_name
            raise UserError(order.env._("%(name)s: %(value)s", name=name, value=reason))
        if has_two_ways(text) and 1000 * quantity <= line.product_uom_qty:
            raise UserError(
                order.env._(
                    "%(name)s: “%(text)s” can be read in two ways. Please write it without"
                    " separators between thousands.",
                    name=line.product_id.display_name,
                    text=text.strip(),
                )
            )
        if quantity != line.product_uom_qty:
            lowered[line.id] = quantity
    return lowered


def read_typed(form, order):
    """Return what a page keeps of a decision's form by which nothing was decided.

    :param dict form: fields `qty_<line id>`, `comment`
    :param sale.order order: of the request, in sudo mode
    :return: `typed` (`{line id: text}`) and `comment` for the page; `lowered` (`{line: quantity}`),
        what it is asked about, unless that cannot be ordered
    :rtype: tuple[dict, dict]
    """
    names = {line.id: f"qty_{line.id}" for line in order.order_line}
    typed = {line_id: form[name] for line_id, name in names.items() if name in form}
    kept = {"typed": typed, "comment": form.get("comment") or ""}
    try:
        return kept, check_lowered(form, order)
    except UserError:  # told already
        return kept, {}


def check_lowered(form, order):
    """Return the quantities that a form asks about; what cannot be ordered is refused.

    :return: `{line: quantity}`, those that differ
    :rtype: dict
    :raise UserError: naming the article, or what can be ordered
    """
    found = read_lowered(form, order)
    lowered = {line: found[line.id] for line in order.order_line if line.id in found}
    order._check_b2b_lowered(lowered)
    return lowered


def accepts_changes(form, approval):
    """Whether a decision's form agrees to what changed since the request.

    Of quantities that the page has not shown yet nobody knows what they cost.

    :param dict form: fields `accept_changes`, `seen`, `shown`, and those of `read_lowered`
    :param b2b.approval approval: in sudo mode
    :rtype: bool
    :raise UserError: when the page that was decided on showed something else than there is now:
        a price that rose since, or what a colleague has lowered or accepted meanwhile; what
        `read_lowered` refuses
    """
    if form.get("seen") not in (None, approval._get_page_key()):
        raise UserError(approval._get_page_refusal())
    if not form.get("accept_changes"):
        return False
    shown = form.get("shown")
    if shown is None:
        return True
    lowered = read_lowered(form, approval.order_id)
    return shown == approval._get_shown_quantities(lowered)


class B2BApprovalPortal(B2BAccountPortal):
    """Requests for approval: the list, the page of one, and what is decided there."""

    # === LIST === #

    @http.route(
        [PAGE, f"{PAGE}/page/<int:page>"], type="http", auth="b2b", website=True, methods=["GET"]
    )
    def portal_b2b_approvals(self, page=1, filterby=None, **kwargs):
        """List the requests that the user made, or has to decide on.

        :param int page: page number, from 1
        :param str filterby: `waiting`, `mine` or `all`; unknown values are `all`
        """
        # sudo: nobody of the customer reads requests; the domain is that of the user
        Approval = request.env["b2b.approval"].sudo()
        partner = request.env.user.partner_id.sudo()
        waiting = Approval._get_waiting_domain(partner)
        domains = {
            "all": Domain.TRUE,
            "waiting": waiting,
            "mine": Domain("requested_by_id", "=", partner.id),
        }
        filterby = filterby if filterby in domains else "all"
        domain = Approval._get_visible_domain(partner) & domains[filterby]
        page = max(self._read_id(page) or 1, 1)
        # Counted as the shop counts: all requests of a company take what it is old.
        total = Approval.search_count(domain, limit=page * PER_PAGE + COUNT_LIMIT)
        pager = portal_pager(
            url=PAGE, url_args={"filterby": filterby}, total=total, page=page, step=PER_PAGE
        )
        found = Approval.search(domain, offset=pager["offset"], limit=PER_PAGE)
        return self._b2b_render(
            "b2b_approval.portal_b2b_approvals",
            self._b2b_account_values(
                "b2b_approvals",
                approvals=found,
                waiting=Approval.search(waiting & Domain("id", "in", found.ids)),
                filterby=filterby,
                pager=pager,
                **self._prepare_b2b_away_values(partner),
            ),
        )

    # === ABSENCE === #

    def _prepare_b2b_away_values(self, partner):
        """Return what an approver sees of his own absence.

        :param res.partner partner: the user, in sudo mode
        """
        member = partner._get_b2b_member().filtered("active")
        if not partner._get_b2b_rights() & {rights.APPROVE, rights.ADMINISTRATE}:
            member = member.browse()
        deputies = member.browse()
        if member:
            colleagues = Domain("company_partner_id", "=", member.company_partner_id.id)
            # Who cannot log in decides nothing, see `_filter_deciding`.
            deputies = (member.search(colleagues) - member).filtered("has_login")
        return {"away_member": member, "deputies": deputies}

    @http.route(f"{PAGE}/away", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_away(self, away_from="", away_until="", deputy_id=None, **kwargs):
        """Say when the user is away, and who decides meanwhile.

        :param str away_from: first day, ISO
        :param str away_until: last day, ISO
        :param str deputy_id: id of a colleague's record
        """
        # sudo: buyers read no record of rights; it is their own
        values = self._prepare_b2b_away_values(request.env.user.partner_id.sudo())
        member = values["away_member"]
        if not member:
            return self._b2b_redirect("/my")
        deputy = values["deputies"].filtered(lambda one: one.id == self._read_id(deputy_id))
        try:
            days = {
                name: self._read_b2b_day(text)
                for name, text in (("away_from", away_from), ("away_until", away_until))
            }
            if all(days.values()) and days["away_from"] > days["away_until"]:
                raise ValueError
        except ValueError:
            self._add_b2b_message(request.env._("Please enter days in their order."), "danger")
        else:
            member.write({**days, "deputy_id": deputy.id})
            self._add_b2b_message(request.env._("Your absence was saved."))
            if deputy_id and not deputy:
                self._add_b2b_message(
                    request.env._("This colleague cannot stand in for you. Please choose another."),
                    "warning",
                )
        return self._b2b_redirect(PAGE)

    @http.route(f"{PAGE}/away", type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_away_again(self, **kwargs):
        """Lead to the list whoever had to log in at its button: nothing was done."""
        return self._b2b_try_again(PAGE)

    # === ONE REQUEST === #

    def _get_b2b_approval(self, approval_id):
        """Return a request that the user may see, in sudo mode; else an empty one.

        :param int approval_id: as in the address
        """
        # sudo: as in the list
        Approval = request.env["b2b.approval"].sudo()
        partner = request.env.user.partner_id.sudo()
        return Approval.search(
            Domain("id", "=", approval_id) & Approval._get_visible_domain(partner), limit=1
        )

    @http.route(f"{PAGE}/<int:approval_id>", type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_approval(self, approval_id, message=None, **kwargs):
        """Show a request to its buyer and to those who decide.

        :param int approval_id: id of a request
        :param str message: `requested` after the checkout, `refused` after an approval
        """
        approval = self._get_b2b_approval(approval_id)
        if not approval:
            return self._b2b_redirect("/my")
        return self._render_b2b_approval(approval, message)

    def _render_b2b_approval(self, approval, message=None, form=()):
        """Return the page of a request.

        :param b2b.approval approval: in sudo mode
        :param str message: see `portal_b2b_approval`
        :param dict form: by which nothing was decided: the page comes back as it was typed
        """
        partner = request.env.user.partner_id
        member = partner._get_b2b_member().filtered("active")
        kept, lowered = read_typed(form, approval.order_id) if form else ({}, {})
        return self._b2b_render(
            "b2b_approval.portal_b2b_approval",
            self._b2b_account_values(
                "b2b_approval",
                message=message,
                is_mine=approval.requested_by_id == partner,
                may_withdraw=approval._may_withdraw(partner),
                action=f"{PAGE}/{approval.id}",
                **approval._prepare_page_values(member, lowered),
                **kept,
            ),
        )

    @http.route(
        f"{PAGE}/<int:approval_id>", type="http", auth="b2b", website=True, methods=["POST"]
    )
    def portal_b2b_decide(self, approval_id, decision=None, comment=None, **kwargs):
        """Decide on a request, take it back, or put what was declined into the cart again.

        Fields `qty_<line id>` (lower quantities) and `accept_changes` go with an approval.

        :param int approval_id: id of a request
        :param str decision: `approve`, `decline`, `withdraw` or `cart`; `show` decides nothing and
            shows what the quantities of the form cost
        :param str comment: told to the buyer
        """
        approval = self._get_b2b_approval(approval_id)
        if not approval:
            return self._b2b_redirect("/my")
        url = f"{PAGE}/{approval.id}"
        try:
            with request.env.cr.savepoint():  # a refusal leaves nothing half done
                url = self._decide_b2b(approval, decision, self._read_text(comment)) or url
                request.env.flush_all()
        except AccessError as error:
            self._add_b2b_message(str(error), "danger")
        except UserError as error:
            approval._keep_problem(error)
            self._add_b2b_message(str(error), "danger")
            if decision in ("approve", "decline", "show"):  # nothing that was typed is lost
                # What lower quantities cost is agreed to there.
                message = "refused" if decision == "approve" else None
                return self._render_b2b_approval(approval, message, request.httprequest.form)
        if decision == "show":
            return self._render_b2b_approval(approval, form=request.httprequest.form)
        return self._b2b_redirect(url)

    def _decide_b2b(self, approval, decision, comment):
        """Do what a button says; return where it leads, if elsewhere."""
        form = request.httprequest.form
        own = approval.with_user(request.env.user)
        if decision == "approve":
            accepted = accepts_changes(form, approval)
            own.approve(comment, accepted, read_lowered(form, approval.order_id))
            self._add_b2b_message(request.env._("You have approved the request."))
        elif decision == "decline":
            own.decline(comment)
            self._add_b2b_message(request.env._("You have declined the request."))
        elif decision == "show":
            check_lowered(form, approval.order_id)
        elif decision == "withdraw":
            own.withdraw()
            self._add_b2b_message(request.env._("The request was withdrawn."))
        elif decision == "cart":
            return self._put_b2b_into_cart(approval)
        return None

    def _put_b2b_into_cart(self, approval):
        """Add the lines of a request that came to nothing to the buyer's cart."""
        partner = request.env.user.partner_id
        if approval.requested_by_id != partner or approval.state in ("pending", "approved"):
            raise UserError(request.env._("These articles cannot be ordered again now."))
        agreement = partner._get_b2b_agreement(request.env.company)
        if not agreement:
            raise UserError(request.env._("There is no agreement in force any more."))
        order = approval.order_id
        order._lock_b2b_cart()  # a second click waits, and finds the key
        key = self._read_text(request.httprequest.form.get("key"))[:30]
        if key and key == order.b2b_template_key:
            self._add_b2b_message(request.env._("These articles are in your cart already."), "info")
            return "/my/b2b/cart"
        cart = request.env["sale.order"]._get_b2b_cart(agreement, create=True)
        cart._lock_b2b_cart()
        lines = cart._add_b2b_lines(order._get_b2b_wanted())
        order.b2b_template_key = key
        left_out = order._get_b2b_left_out()
        self._add_b2b_message(self._get_b2b_added_words(len(lines)))
        self._add_b2b_messages(("warning", text) for text in left_out)
        return "/my/b2b/cart"
