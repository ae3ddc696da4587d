from . import attention, customer, goes_on, offer
