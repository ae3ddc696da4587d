from odoo.addons.b2b_agreement.tests.common import SIGNATURE

from .common import AccountCommon


class QuotationCommon(AccountCommon):
    """Buyer Ltd has a quotation of the seller, to be accepted by login or by its link."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.offer = cls._create_offer()

    @classmethod
    def _create_offer(cls, **values):
        return cls._create_order(
            [(cls.product, 2)],
            **{
                "partner_id": cls.buyer_user.partner_id.id,
                "require_signature": True,
                "require_payment": False,
                "state": "sent",
                **values,
            },
        )

    def _url(self, order=None):
        order = order or self.offer
        token = order._portal_ensure_token()
        self.env.flush_all()
        return f"/my/orders/{order.id}?access_token={token}"

    def _accept(self, user=None, order=None):
        """Sign as the page does, by login or by the link; return the answer."""
        order = order or self.offer
        token = order._portal_ensure_token()
        self.env.flush_all()
        if user:
            self._login(user)
        else:
            self.authenticate(None, None)
        data = {"name": "Anna", "signature": SIGNATURE, "access_token": token}
        answer = self.make_jsonrpc_request(f"/my/orders/{order.id}/accept", data)
        self.env.invalidate_all()
        return answer
