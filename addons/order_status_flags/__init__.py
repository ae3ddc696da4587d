from . import controllers, models, wizard
from .access_log import redact_tokens
from .hooks import post_init_hook, pre_init_hook, uninstall_hook

redact_tokens("order/status")
