from datetime import timedelta

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.order_status_flags.typed_text import clean_text

from ... import rights
from ...context_keys import INVITATION
from ...email_address import read_email

# Each is a login and an e-mail: more of them is no company's portal, but somebody's mailing.
MAX_COLLEAGUES = 300
# Of one company: who invites, takes away and invites again mails strangers in the seller's name.
MAX_INVITATIONS, SPAN = 100, timedelta(days=1)
NAME_SIZE = 200


class B2bMember(models.Model):
    """What a company's own administrator does: invite, change rights, take access away."""

    _inherit = "b2b.member"

    @api.model
    def _get_administrated_company(self):
        """Return the company of the current user, who administrates it, for a change.

        The administrators are locked first: who lost the right at the same moment changes nothing.

        :return: company in sudo mode
        :rtype: res.partner
        :raise AccessError: for everybody else
        """
        partner = self.env.user.partner_id
        # sudo: portal users write neither contacts nor members; the right is checked here
        company = partner.sudo().commercial_partner_id
        company._lock_b2b_administrators()
        if not partner._b2b_may(rights.ADMINISTRATE):
            raise AccessError(self.env._("Only an administrator of your company may do that."))
        return company

    # === COLLEAGUES === #

    @api.model
    def _get_b2b_colleagues(self, company):
        """Return who can log in for a company, and whoever has a record, in sudo mode.

        :param res.partner company: in sudo mode
        :return: `{contact: b2b.member}`, by name; empty members for those with default rights,
            archived ones for those whose login came back without rights
        :rtype: dict
        """
        # sudo, users and members: the caller has checked who asks
        users = (
            self.env["res.users"]
            .sudo()
            .search([("share", "=", True), ("partner_id.commercial_partner_id", "=", company.id)])
        )
        members = self.sudo().search([("company_partner_id", "=", company.id)])
        partners = (users.partner_id | members.partner_id).sorted(
            lambda one: (one.name or "").lower()
        )
        return {partner: partner._get_b2b_member() for partner in partners}

    @api.model
    def _get_b2b_colleague(self, company, partner_id):
        """Return a colleague by its id, empty when it is none of this company.

        :param res.partner company: in sudo mode
        :param int partner_id: of the contact
        :rtype: res.partner
        """
        return next(
            (one for one in self._get_b2b_colleagues(company) if one.id == partner_id),
            company.browse(),
        )

    # === CHANGES === #

    @api.model
    def _change_b2b_rights(self, partner, values):
        """Give a colleague other rights, in the name of the company's administrator.

        :param res.partner partner: of `_get_b2b_colleague`
        :param dict values: rights and limit; the limit is not negative
        :return: the record, in sudo mode
        :raise UserError: when the last administrator would give up being one
        """
        member = partner._get_b2b_member()
        if not member:
            # sudo: as in `_get_administrated_company`, which the caller has asked
            defaults = partner._get_b2b_rights()
            return self.sudo().create(
                {
                    "partner_id": partner.id,
                    **{name: right in defaults for right, name in rights.FIELDS.items()},
                    **values,
                }
            )
        values = {"active": True, **values}
        changed = {name: value for name, value in values.items() if member[name] != value}
        if changed:
            member.write(changed)
        return member

    @api.model
    def _take_b2b_access(self, partner):
        """Take the login of a colleague away, and with it all rights.

        Nothing of his is deleted: shared templates go on serving the company, his own ones and
        his cart are there again when he gets his access back.

        :param res.partner partner: of `_get_b2b_colleague`
        :raise UserError: for the last administrator, and for people of the seller
        """
        if partner.user_ids.filtered(lambda user: not user.share):
            raise UserError(
                self.env._("%(colleague)s works for us. Please ask us.", colleague=partner.name)
            )
        self._change_b2b_rights(partner, {}).active = False
        if partner.user_ids:
            self.env["mail.mail"]._search_b2b_invitations(partner.user_ids).cancel()
            self._open_portal_wizard(partner).action_revoke_access()

    # === INVITATIONS === #

    @api.model
    def _invite_b2b_colleague(self, company, name, email, values):
        """Give somebody a login of the company; Odoo's own invitation is mailed.

        :param res.partner company: of `_get_administrated_company`
        :param str name: as typed
        :param str email: as typed
        :param dict values: rights and limit
        :return: the contact
        :rtype: res.partner
        :raise UserError: when the person cannot be invited; whose an address is, is not told
        """
        name = clean_text(name, one_line=True)[:NAME_SIZE]
        address = read_email(email)
        if not name or not address:
            raise UserError(self.env._("Please enter a name and an e-mail address."))
        if len(self._get_b2b_colleagues(company)) >= MAX_COLLEAGUES:
            raise UserError(
                self.env._(
                    "Your company has %(maximum)s colleagues here, and no more are possible.",
                    maximum=MAX_COLLEAGUES,
                )
            )
        partner = self._get_b2b_invited(company, address) or self._create_b2b_contact(
            company, name, address
        )
        # Who left and comes back: the wizard gives no login to archived contacts.
        partner.filtered(lambda one: not one.active).action_unarchive()
        company._post_b2b_note(
            self.env._("%(colleague)s (%(email)s) was invited.", colleague=name, email=address)
        )
        self._change_b2b_rights(partner, values)
        self._send_b2b_invitation(partner)
        return partner

    @api.model
    def _invite_b2b_again(self, partner):
        """Mail the invitation once more: the first one may be lost, and its link ends.

        :param res.partner partner: of `_get_b2b_colleague`
        :raise UserError: when that person has logged in, or has no login
        """
        # sudo: whether there is a login is all that is read of it
        if not partner.sudo().user_ids:
            raise UserError(
                self.env._("%(colleague)s has no access any more.", colleague=partner.name)
            )
        if not partner._is_b2b_invited():
            raise UserError(
                self.env._("%(colleague)s has logged in already.", colleague=partner.name)
            )
        partner.commercial_partner_id._post_b2b_note(
            self.env._(
                "%(colleague)s (%(email)s) was invited.",
                colleague=partner.name,
                email=partner.email,
            )
        )
        self._send_b2b_invitation(partner)

    @api.model
    def _send_b2b_invitation(self, partner):
        """Give a contact a login by Odoo's own invitation, or mail it once more.

        :param res.partner partner: whose right to it the caller has checked
        :raise UserError: when the company's own people have mailed too many within a day
        """
        self._count_b2b_invitation(partner.commercial_partner_id)
        row = self._open_portal_wizard(partner)
        # One that waits, or was given up, is replaced by the new one.
        self.env["mail.mail"]._search_b2b_invitations(row.user_id).cancel()
        if not row.is_portal:
            row.action_grant_access()
            return
        # sudo: as the wizard; the seller may have archived the login
        row.user_id.sudo().active = True
        row.action_invite_again()

    @api.model
    def _count_b2b_invitation(self, company):
        """Count an invitation of the company's own people; the seller's may mail more.

        :raise UserError: when there were too many within a day
        """
        limit = self.env["order.status.limit"]
        if self.env.user.share and not limit._take("b2b_invite", company.id, MAX_INVITATIONS, SPAN):
            raise UserError(
                self.env._(
                    "Your company has sent %(maximum)s invitations within a day. Please go on"
                    " tomorrow, or ask us.",
                    maximum=MAX_INVITATIONS,
                )
            )

    @api.model
    def _get_b2b_invited(self, company, address):
        """Return the contact of the company that has an address already, or an empty one.

        :raise UserError: when it belongs to somebody else, or has access
        """
        # sudo: whose the address is, is asked among all contacts; only a refusal is told
        known = company.with_context(active_test=False)
        users = self.env["res.users"].sudo().with_context(active_test=False)
        users = users.search([("login", "=ilike", self._escape_b2b_like(address))])
        partners = known.search([("email_normalized", "=", address)]) | users.partner_id
        outside = partners.filtered(lambda one: one.commercial_partner_id != company)
        if outside or partners.user_ids.filtered(lambda user: not user.share):
            raise UserError(
                self.env._(
                    "%(email)s cannot be invited. Please use another address, or ask us.",
                    email=address,
                )
            )
        if partners.user_ids.filtered("active"):
            raise UserError(self.env._("%(email)s has access already.", email=address))
        # The company's own record is nobody's login, unless it is a person or was one.
        contacts = partners.filtered(
            lambda one: one != company or not one.is_company or one.user_ids
        )
        found = contacts.sorted(lambda one: (not one.user_ids, not one.active, one.id))[:1]
        return found.with_env(company.env)

    @api.model
    def _escape_b2b_like(self, text):
        """Return a text that LIKE takes literally."""
        return text.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")

    @api.model
    def _create_b2b_contact(self, company, name, address):
        return company.create(
            {
                "name": name,
                "email": address,
                "parent_id": company.id,
                "type": "contact",
                "lang": self.env.user.lang,
                "company_id": company.company_id.id,
            }
        )

    @api.model
    def _open_portal_wizard(self, partner):
        """Return the row of Odoo's wizard for one contact.

        :rtype: portal.wizard.user
        """
        # sudo: Odoo's wizard is for the back office; the right was checked by the caller
        wizards = self.env["portal.wizard"].sudo().with_context(b2b_invitation=INVITATION)
        return wizards.create({"partner_ids": [(6, 0, partner.ids)]}).user_ids

    # === WORDS === #

    @api.model
    def _get_b2b_whom_to_ask(self, partner, without=None):
        """Return who can help a buyer who lacks a right.

        :param res.partner partner: the buyer
        :param res.partner without: not this contact
        :return: names of the company's administrators, else of the seller
        :rtype: str
        """
        contacts = partner._get_b2b_administrators().partner_id - (without or partner)
        if names := [contact.name for contact in contacts[:3] if contact.name]:
            return ", ".join(names)
        # sudo: buyers do not read the salesperson of their company
        seller = partner.sudo().commercial_partner_id.user_id.filtered("active")
        return seller.name or self.env.company.sudo().name

    @api.model
    def _search_b2b_approvers(self, company):
        """Return who may approve and can log in, in sudo mode.

        :param res.partner company: the customer
        :rtype: b2b.member
        """
        # sudo: buyers are told whom to ask
        members = self.sudo().search(
            Domain("company_partner_id", "=", company.id) & Domain("may_approve", "=", True)
        )
        return members.filtered("has_login")
