from . import (
    agreement,
    cart,
    checkout,
    main,
    order_export,
    portal,
    pricelist,
    quick_order,
    shop,
    template,
)
