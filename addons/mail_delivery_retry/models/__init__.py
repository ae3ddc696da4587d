from . import (
    ir_http,
    ir_mail_server,
    mail_mail,
    mail_render_mixin,
    mail_template,
    mail_thread,
)
