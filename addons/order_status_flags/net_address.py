"""Who a stranger is, for limits: an address of the net, and of IPv6 the network it is in."""

import ipaddress


def get_sender(address):
    """Return what counts as one sender: whoever has one address of IPv6 has millions.

    :param str address: of the request, may be anything
    :return: the address, the /64 network of one of IPv6, "unknown" for what is none
    :rtype: str
    """
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    # An address of IPv4 in the clothes of IPv6 is that address.
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return str(ip if ip.version == 4 else ipaddress.ip_network((ip, 64), strict=False))
