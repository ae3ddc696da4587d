from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from .. import rights
from .shop import B2BAccountPortal

PAGE = "/my/b2b/colleagues"
# What the form of an invitation begins with.
NEW_COLLEAGUE = {"may_order": "1", "may_see_finance": "1"}


class B2BColleaguePortal(B2BAccountPortal):
    """Who may do what: the page of the company's own administrator."""

    def _prepare_home_portal_values(self, counters):
        """Override of `portal` to list the colleagues for administrators."""
        values = super()._prepare_home_portal_values(counters)
        if "b2b_colleague_count" in counters:
            # The page is part of the shop, which opens with the agreement.
            agreement = request.env.user.partner_id._get_b2b_agreement(request.env.company)
            values["b2b_colleague_count"] = int(bool(agreement) and self._is_b2b_administrator())
        return values

    @staticmethod
    def _is_b2b_administrator():
        return request.env.user.partner_id._b2b_may(rights.ADMINISTRATE)

    @http.route(PAGE, type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_colleagues(self, **kwargs):
        """Show the colleagues and what each of them may, to administrators."""
        return self._render_b2b_colleagues()

    def _render_b2b_colleagues(self, typed=None):
        """Render the page.

        :param dict typed: fields of an invitation that was refused
        """
        if not self._is_b2b_administrator():
            return self._b2b_redirect("/my")
        values = {**self._prepare_b2b_colleague_values(), "typed": typed or NEW_COLLEAGUE}
        return self._b2b_render(
            "b2b_account.portal_b2b_colleagues",
            self._b2b_account_values("b2b_colleagues", **values),
        )

    def _prepare_b2b_colleague_values(self):
        """Return what the page of colleagues shows.

        :rtype: dict
        """
        # sudo: administrators see their company's contacts and rights, asked by the route
        company = request.env.user.partner_id.sudo().commercial_partner_id
        members = request.env["b2b.member"]._get_b2b_colleagues(company)
        failed = self._get_b2b_undelivered(members)
        default = rights.DEFAULTS[company.b2b_default_rights or "all"]
        return {
            "company": company,
            "colleagues": [
                {
                    "partner": partner,
                    "member": member,
                    "rights": member._get_rights() if member else default,
                    "seen": self._state_b2b_rights(member, default),
                    "has_login": bool(partner.user_ids),
                    "is_invited": partner._is_b2b_invited(),
                    "is_undelivered": bool(partner.user_ids & failed),
                }
                for partner, member in members.items()
            ],
            "right_fields": rights.FIELDS,
            "default_rights": company.b2b_default_rights or "all",
            # sudo: buyers do not read the company, and see in which currency limits are
            "b2b_currency": request.env.company.sudo().currency_id,
        }

    @staticmethod
    def _get_b2b_undelivered(partners):
        """Return whose invitation was given up: the address may be wrong.

        :param partners: colleagues, in sudo mode
        :rtype: res.users
        """
        users = request.env["res.users"].union(
            *(partner.user_ids for partner in partners if partner._is_b2b_invited())
        )
        mails = request.env["mail.mail"]._search_b2b_invitations(users)
        given_up = mails.filtered(lambda mail: mail.state == "exception").mapped("res_id")
        return users.filtered(lambda user: user.id in given_up)

    @staticmethod
    def _state_b2b_rights(member, default):
        """Return what the page says of a colleague, as its form carries it.

        :param b2b.member member: may be empty
        :param default: rights of whoever has no record
        :rtype: str
        """
        granted = member._get_rights() if member else default
        return f"{' '.join(sorted(granted))} {member.order_limit:.2f}"

    # === CHANGES === #

    @http.route(f"{PAGE}/invite", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_invite(self, name=None, email=None, **kwargs):
        """Invite a colleague; fields as in `_read_b2b_rights`.

        :param str name: of the colleague
        :param str email: of the colleague
        """

        def invite(members, company):
            partner = members._invite_b2b_colleague(
                company, self._read_text(name), self._read_text(email), self._read_b2b_rights()
            )
            return request.env._("%(colleague)s was invited by e-mail.", colleague=partner.name)

        return self._change_b2b_company(invite, typed=request.httprequest.form)

    @http.route(f"{PAGE}/default", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_default_rights(self, b2b_default_rights=None, **kwargs):
        """Set what colleagues may without rights of their own.

        :param str b2b_default_rights: `all` or `look`
        """

        def change(members, company):
            if b2b_default_rights not in rights.DEFAULTS:
                raise UserError(request.env._("Please choose one of the two."))
            company.b2b_default_rights = b2b_default_rights
            return request.env._("The rights were saved.")

        return self._change_b2b_company(change)

    @http.route(f"{PAGE}/<int:partner_id>", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_change_rights(self, partner_id, remove=None, again=None, **kwargs):
        """Change the rights of a colleague; fields as in `_read_b2b_rights`.

        :param int partner_id: id of the contact
        :param str remove: take the access away instead
        :param str again: mail the invitation once more instead
        """

        def change(members, company):
            partner = members._get_b2b_colleague(company, partner_id)
            if not partner:
                raise UserError(request.env._("This is no colleague of yours any more."))
            if remove:
                members._take_b2b_access(partner)
                return request.env._(
                    "%(colleague)s has no access any more.", colleague=partner.name
                )
            if again:
                members._invite_b2b_again(partner)
                return request.env._("%(colleague)s was invited again.", colleague=partner.name)
            self._check_b2b_rights_seen(company, partner)
            members._change_b2b_rights(partner, self._read_b2b_rights())
            return request.env._("The rights of %(colleague)s were saved.", colleague=partner.name)

        return self._change_b2b_company(change)

    @http.route(
        [f"{PAGE}/invite", f"{PAGE}/default", f"{PAGE}/<int:partner_id>"],
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_colleagues_again(self, **kwargs):
        """Lead to the page whoever had to log in at a button of it: nothing was done."""
        return self._b2b_try_again(PAGE)

    def _check_b2b_rights_seen(self, company, partner):
        """Refuse a form that would take back what another administrator has changed meanwhile.

        :raise UserError: naming the colleague
        """
        seen = request.httprequest.form.get("seen")
        default = rights.DEFAULTS[company.b2b_default_rights or "all"]
        if seen not in (None, self._state_b2b_rights(partner._get_b2b_member(), default)):
            raise UserError(
                request.env._(
                    "The rights of %(colleague)s have changed meanwhile. Please look at them"
                    " again.",
                    colleague=partner.name,
                )
            )

    def _change_b2b_company(self, change, typed=None):
        """Do something as the company's administrator, or nothing at all.

        :param change: function of `b2b.member` and the company, in sudo mode; returns the message
        :param dict typed: fields that stay on the page when it is refused; none = it is led to
        """
        Member = request.env["b2b.member"]
        try:
            with request.env.cr.savepoint():  # a refusal leaves nothing half done
                message = change(Member, Member._get_administrated_company())
                request.env.flush_all()
        except AccessError:
            return self._b2b_redirect("/my")
        except UserError as error:
            self._add_b2b_message(str(error), "danger")
            if typed is not None:
                return self._render_b2b_colleagues(typed)
        else:
            self._add_b2b_message(message)
        return self._b2b_redirect(PAGE if self._is_b2b_administrator() else "/my")

    def _read_b2b_rights(self):
        """Return rights and limit of the form.

        Fields `may_order`, `may_approve`, `may_see_finance`, `is_administrator` (present = yes),
        `order_limit` (empty = none).

        :rtype: dict
        :raise UserError: for a limit that is no amount
        """
        form = request.httprequest.form
        values = {name: bool(form.get(name)) for name in rights.FIELDS.values()}
        return {**values, "order_limit": self._read_b2b_amount(form.get("order_limit"))}
