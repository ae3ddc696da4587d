from . import (
    cart,
    checkout,
    creation,
    customer,
    export,
    fields,
    guards,
    mail,
    prices,
    statement,
    template,
)
