from odoo.exceptions import UserError


class NotPlacedError(UserError):
    """What keeps a request from being ordered whoever approves it, and is no slip of his."""
