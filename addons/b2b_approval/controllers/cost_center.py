from dateutil.relativedelta import relativedelta

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.b2b_account.controllers.shop import B2BAccountPortal
from odoo.addons.order_status_flags.typed_text import clean_text

PAGE = "/my/b2b/cost-centers"


class B2BCostCenterPortal(B2BAccountPortal):
    """Cost centres and budgets, kept by the company's own administrator."""

    @http.route(PAGE, type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_cost_centers(self, older=None, **kwargs):
        """Show the cost centres with their budgets, to administrators.

        :param str older: anything = those that ended more than a year ago, too
        """
        return self._render_b2b_cost_centers(older)

    def _render_b2b_cost_centers(self, older=None, typed=None):
        """Render the page.

        :param older: see `_get_b2b_budgets`
        :param dict typed: fields of a refused form, and `center`, the id of its cost centre
        """
        partner = request.env.user.partner_id
        if not partner._b2b_may("administrate"):
            return self._b2b_redirect("/my")
        # sudo: administrators see what their company keeps, asked above
        company = partner.sudo().commercial_partner_id
        centers = request.env["b2b.cost.center"].sudo().with_context(active_test=False)
        centers = centers.search([("partner_id", "=", company.id)], order="active desc, code, id")
        budgets, has_older = self._get_b2b_budgets(centers.filtered("active"), older)
        return self._b2b_render(
            "b2b_approval.portal_b2b_cost_centers",
            self._b2b_account_values(
                "b2b_cost_centers",
                company=company,
                centers=centers,
                budgets=budgets,
                has_older=has_older,
                policies=self._get_b2b_policies(),
                state_budget=self._state_b2b_budget,
                typed=typed or {},
            ),
        )

    @staticmethod
    def _get_b2b_budgets(centers, older):
        """Return the budgets of cost centres, and whether there are older ones beside them.

        What is used of a budget is added up from its orders, so of those that are shown alone.

        :param b2b.cost.center centers: in sudo mode
        :param older: whether to show those that ended more than a year ago, too
        :return: `{b2b.cost.center: b2b.budget}`, and whether some are not shown
        :rtype: tuple[dict, bool]
        """
        domain = Domain("cost_center_id", "in", centers.ids)
        today = centers.env["b2b.agreement"]._get_today(request.env.company)
        recent = Domain("date_end", ">=", today - relativedelta(years=1))
        budgets = centers.env["b2b.budget"].search(domain if older else domain & recent)
        has_older = not older and bool(budgets.search_count(domain & ~recent, limit=1))
        return budgets.grouped("cost_center_id"), has_older

    @staticmethod
    def _get_b2b_policies():
        field = request.env["b2b.budget"]._fields["policy"]
        return field._description_selection(request.env)

    # === CHANGES === #

    @http.route(f"{PAGE}/new", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_cost_center_new(self, code=None, name=None, **kwargs):
        """Make a cost centre.

        :param str code: unique in the company
        :param str name: of the cost centre
        """

        def create(company):
            values = self._read_b2b_center(code, name)
            # sudo: buyers read no cost centres; the administrator's company is filled in below
            centers = request.env["b2b.cost.center"].sudo().with_context(active_test=False)
            if centers.search_count(
                [("partner_id", "=", company.id), ("code", "=", values["code"])], limit=1
            ):
                raise UserError(request.env._("There is a cost centre with that code already."))
            centers.create({"partner_id": company.id, **values})

        return self._change_b2b_centers(create, {**request.httprequest.form})

    @http.route(f"{PAGE}/<int:center_id>", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_cost_center_change(self, center_id, name=None, archive=None, **kwargs):
        """Rename a cost centre, or take it out of use and back.

        :param int center_id: id of a cost centre
        :param str name: of the cost centre
        :param str archive: `off` or `on`, to switch it so instead; anything else switches it over
        """

        def change(company):
            center = self._get_b2b_center(company, center_id)
            if archive:
                # As the button said: pressed twice, it does the same twice.
                center.active = {"off": False, "on": True}.get(archive, not center.active)
            else:
                center.name = self._read_b2b_center(center.code, name)["name"]

        return self._change_b2b_centers(change)

    @http.route(
        f"{PAGE}/<int:center_id>/budget", type="http", auth="b2b", website=True, methods=["POST"]
    )
    def portal_b2b_budget_save(self, center_id, budget_id=None, **kwargs):
        """Make or change a budget; fields `date_start`, `date_end` (ISO), `amount`, `policy`.

        :param int center_id: id of a cost centre
        :param str budget_id: id of a budget of it; empty = a new one
        """
        typed = {**request.httprequest.form, "center": center_id}

        def save(company):
            center = self._get_b2b_center(company, center_id)
            budget = center.budget_ids.filtered(lambda one: one.id == self._read_id(budget_id))
            if budget:  # first: what is refused otherwise comes back as typed, over what is there
                self._check_b2b_budget_seen(budget, typed)
            values = self._read_b2b_budget()
            if not budget_id:
                agreement = request.env.user.partner_id._get_b2b_agreement(request.env.company)
                seller = agreement._get_selling_company() if agreement else request.env.company
                center.env["b2b.budget"].create(
                    {"cost_center_id": center.id, "company_id": seller.id, **values}
                )
                return
            if not budget:
                raise UserError(request.env._("This budget does not exist."))
            budget.write(values)

        return self._change_b2b_centers(save, typed)

    @http.route(
        [f"{PAGE}/new", f"{PAGE}/<int:center_id>", f"{PAGE}/<int:center_id>/budget"],
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_cost_centers_again(self, **kwargs):
        """Lead to the page whoever had to log in at a button of it: nothing was done."""
        return self._b2b_try_again(PAGE)

    def _change_b2b_centers(self, change, typed=None):
        """Do something as the company's administrator, or nothing at all.

        :param change: function of the company, in sudo mode
        :param dict typed: what stays on the page when it is refused; empty = the page is led to
        """
        try:
            with request.env.cr.savepoint():  # a refusal leaves nothing half done
                change(request.env["b2b.member"]._get_administrated_company())
                request.env.flush_all()
        except AccessError:
            return self._b2b_redirect("/my")
        except UserError as error:
            self._add_b2b_message(str(error), "danger")
            if typed:
                return self._render_b2b_cost_centers(typed=typed)
        else:
            self._add_b2b_message(request.env._("Saved."))
        return self._b2b_redirect(PAGE)

    def _get_b2b_center(self, company, center_id):
        """Return a cost centre of the company, in sudo mode.

        :raise UserError: when it is none
        """
        # sudo: the caller administrates the company
        centers = request.env["b2b.cost.center"].sudo().with_context(active_test=False)
        center = centers.search([("id", "=", center_id), ("partner_id", "=", company.id)])
        if not center:
            raise UserError(request.env._("This cost centre does not exist."))
        return center

    @staticmethod
    def _state_b2b_budget(budget):
        """Return what the page says of a budget, as its form carries it.

        :rtype: str
        """
        return f"{budget.date_start} {budget.date_end} {budget.amount:.6f} {budget.policy}"

    def _check_b2b_budget_seen(self, budget, typed):
        """Refuse a form that would take back what another administrator has changed meanwhile.

        :param dict typed: the fields of the form; emptied when the page has to show what is there
        :raise UserError: naming the cost centre
        """
        if typed.get("seen") not in (None, self._state_b2b_budget(budget)):
            typed.clear()
            raise UserError(
                request.env._(
                    "The budget of %(center)s has changed meanwhile. Please look at it again.",
                    center=budget.cost_center_id.display_name,
                )
            )

    def _read_b2b_center(self, code, name):
        values = {
            "code": clean_text(code, one_line=True)[:32],
            "name": clean_text(name, one_line=True)[:200],
        }
        if not all(values.values()):
            raise UserError(request.env._("A cost centre needs a code and a name."))
        return values

    def _read_b2b_budget(self):
        """Return the values of a budget's form.

        :rtype: dict
        :raise UserError: for what is missing or cannot be
        """
        form = request.httprequest.form
        try:
            start, end = (self._read_b2b_day(form.get(name)) for name in ("date_start", "date_end"))
        except ValueError:
            start = end = False
        if not start or not end or start > end:
            raise UserError(request.env._("A budget needs a first and a last day, in this order."))
        policy = form.get("policy")
        if policy not in dict(self._get_b2b_policies()):
            raise UserError(request.env._("Please choose what happens when it is exceeded."))
        if not self._read_text(form.get("amount")).strip():
            raise UserError(request.env._("Please enter the amount of the budget."))
        amount = self._read_b2b_amount(form.get("amount"))
        return {"date_start": start, "date_end": end, "amount": amount, "policy": policy}
