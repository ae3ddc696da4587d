from odoo import models
from odoo.exceptions import AccessDenied

from .order_flag_feed.feed import CLIENT_GROUP


class ResUsers(models.Model):
    _inherit = "res.users"

    def _is_feed_client_only(self):
        """Whether this user is nothing but the client of a feed: of no user type at all."""
        self.ensure_one()
        return not (
            self._is_internal() or self._is_portal() or self._is_public()
        ) and self.has_group(CLIENT_GROUP)

    def _check_credentials(self, credential, env):
        """Override of `base` to let the key of a feed client open the feed, no login or XML-RPC.

        :raise AccessDenied: for users that are nothing but a feed client
        """
        if self.env.user._is_feed_client_only():
            raise AccessDenied()
        return super()._check_credentials(credential, env)
