from odoo.addons.order_status_flags.access_log import redact_tokens

from . import controllers, models
from .hooks import _uninstall_hook

redact_tokens("b2b/approve")
