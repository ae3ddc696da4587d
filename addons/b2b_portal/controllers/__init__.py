from . import (
    agreement,
    cart,
    checkout,
    main,
    order_export,
    portal,
    pricelist,
    product,
    quick_order,
    shop,
    template,
)
