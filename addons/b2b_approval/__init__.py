from . import controllers, models
from .access_log import install_filter
from .hooks import _uninstall_hook

install_filter()
