from . import controllers, models, wizard
from .access_log import install_filter
from .hooks import post_init_hook, pre_init_hook, uninstall_hook

install_filter()
