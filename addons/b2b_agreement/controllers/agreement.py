import logging

from odoo import http
from odoo.exceptions import AccessError, LockError, MissingError, UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..signature import NAME_MAX_LENGTH, is_signature, read_name
from .main import B2BPortal

_logger = logging.getLogger(__name__)


class AgreementPortal(B2BPortal):
    """Pages on which a customer reads and signs agreements; they need a login, no agreement."""

    def _prepare_home_portal_values(self, counters):
        """Override of `portal` to count the agreements of the customer."""
        values = super()._prepare_home_portal_values(counters)
        if "b2b_agreement_count" in counters:
            values["b2b_agreement_count"] = len(
                request.env["b2b.agreement"]._get_portal_agreements()
            )
        return values

    @http.route("/my/agreements", type="http", auth="user", website=True)
    def portal_my_agreements(self, page=1, **kwargs):
        """List the customer's own sent, signed and ended agreements.

        :param str page: page number, from 1
        """
        agreements = request.env["b2b.agreement"]._get_portal_agreements()
        pager = portal_pager(
            url="/my/agreements",
            total=len(agreements),
            page=self._read_id(page) or 1,
            step=self._items_per_page,
        )
        values = {
            **self._prepare_portal_layout_values(),
            "agreements": agreements[pager["offset"] : pager["offset"] + self._items_per_page],
            "pager": pager,
            "page_name": "b2b_agreement",
            "default_url": "/my/agreements",
        }
        return self._b2b_render("b2b_agreement.portal_my_agreements", values)

    @http.route("/my/agreements/<int:agreement_id>", type="http", auth="user", website=True)
    def portal_agreement_page(self, agreement_id, message=None, **kwargs):
        """Show an agreement, with the form to sign it when that is open.

        :param int agreement_id: id of an agreement of the customer's company, else a redirect
        :param str message: `signed` after a signature, `no_pdf` when there is none to download
        """
        try:
            agreement = self._get_own_agreement(agreement_id)
        except (AccessError, MissingError):
            return request.redirect("/my/agreements")
        obstacle = agreement._get_signing_obstacle()
        statement = agreement._get_statement_hash()
        values = {
            **self._prepare_portal_layout_values(),
            "agreement": agreement,
            # Names of the seller and of the terms are settings customers cannot read.
            "agreement_sudo": agreement.sudo(),
            "can_sign": not obstacle,
            "obstacle": obstacle if agreement.state == "sent" else None,
            "sign_url": f"/my/agreements/{agreement.id}/sign?text={statement}",
            "message": message if message in ("signed", "no_pdf") else None,
            "page_name": "b2b_agreement",
            "object": agreement,
        }
        return self._b2b_render("b2b_agreement.portal_agreement_page", values)

    @http.route(
        "/my/agreements/<int:agreement_id>/sign",
        type="jsonrpc",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_agreement_sign(self, agreement_id, name=None, signature=None, **kwargs):
        """Sign an agreement; called by Odoo's signature form.

        :param int agreement_id: id of an agreement of the customer's company
        :param str name: name of the person who signs
        :param str signature: image, base64
        :return: what the signature form understands: an `error`, or where to go
        :rtype: dict
        """
        try:
            # sudo: buyers only read agreements, and that this one is theirs is checked first
            agreement_sudo = self._get_own_agreement(agreement_id).sudo()
        except (AccessError, MissingError):
            # The same for all that is not found here: it tells strangers nothing.
            return {
                "error": request.env._(
                    "This agreement was changed or withdrawn since you opened it. Please look at"
                    " your agreements."
                )
            }
        if error := self._get_signature_error(agreement_sudo, name, signature):
            return {"error": error}
        person = request.env.user.partner_id
        try:
            # A refusal must leave nothing behind, and still be answered in the form.
            with request.env.cr.savepoint():
                agreement_sudo._sign(read_name(name), signature, person)
                agreement_sudo.flush_recordset()
        except LockError:
            return {"error": request.env._("Someone is changing this agreement. Try again.")}
        except UserError as error:
            return {"error": str(error)}
        except OSError:
            _logger.exception("The signature of agreement %s cannot be stored", agreement_id)
            return {
                "error": request.env._(
                    "Your signature cannot be stored at this moment, and nothing was signed."
                    " Please try again later."
                )
            }
        agreement_sudo._keep_signed_pdf(person)
        return {
            "force_refresh": True,
            "redirect_url": f"/my/agreements/{agreement_id}?message=signed",
        }

    @http.route("/my/agreements/<int:agreement_id>/pdf", type="http", auth="user", website=True)
    def portal_agreement_pdf(self, agreement_id, **kwargs):
        """Download the PDF of an agreement: the kept one when it is signed.

        :param int agreement_id: id of an agreement of the customer's company, else a redirect
        """
        try:
            # sudo: the kept PDF is an attachment, which buyers do not read by themselves
            agreement_sudo = self._get_own_agreement(agreement_id).sudo()
        except (AccessError, MissingError):
            return request.redirect("/my/agreements")
        content = agreement_sudo._get_pdf()
        if not content:
            return request.redirect(f"/my/agreements/{agreement_id}?message=no_pdf")
        filename = f"{agreement_sudo.name.replace('/', '-')}.pdf"
        headers = [
            ("Content-Type", "application/pdf"),
            ("Content-Disposition", http.content_disposition(filename)),
        ]
        return self._b2b_no_store(request.make_response(content, headers))

    def _get_own_agreement(self, agreement_id):
        """Return an agreement that the current user may see in the portal.

        Salespeople see theirs here too; what is not sent yet has no page.

        :param int agreement_id: id from the address
        :return: `b2b.agreement` record as the user
        :raise AccessError: when it belongs to someone else
        :raise MissingError: when there is none, or it is a draft
        """
        agreement = request.env["b2b.agreement"].browse(agreement_id).exists()
        if not agreement:
            raise MissingError(request.env._("This agreement does not exist."))
        agreement.check_access("read")
        if agreement.state == "draft":
            raise MissingError(request.env._("This agreement does not exist."))
        return agreement

    def _get_signature_error(self, agreement_sudo, name, signature):
        """Return why a signature is not taken.

        :return: the reason in the reader's words, None when nothing is wrong
        """
        partner = request.env.user.partner_id
        if partner.commercial_partner_id != agreement_sudo.partner_id:
            return request.env._(
                "Only a contact of %(customer)s can sign.", customer=agreement_sudo.partner_id.name
            )
        if not read_name(name):
            return request.env._("Your name is missing.")
        if len(read_name(name)) > NAME_MAX_LENGTH:
            return request.env._(
                "Your name is too long: at most %(count)s letters.", count=NAME_MAX_LENGTH
            )
        if not is_signature(signature):
            return request.env._("Signature is missing.")
        # Of all that the page states, not of the text alone.
        if request.httprequest.args.get("text") != agreement_sudo._get_statement_hash():
            return request.env._(
                "The agreement has changed since you opened it. Reload the page and read it again."
            )
        return None
