from .taken_over import NAMES
from .upgrade import keep_edited, take_over


def _pre_init_hook(env):
    """Take over from `b2b_portal` 19.0.1 what this addon was a part of.

    :param env: environment of the installation (superuser)
    """
    take_over(env, "b2b_agreement", NAMES)


def _post_init_hook(env):
    """Keep what was edited in the data that was taken over, and seal what was signed.

    :param env: environment of the installation (superuser)
    """
    keep_edited(env, "b2b_agreement", NAMES)
    env["b2b.agreement"]._seal_former()
