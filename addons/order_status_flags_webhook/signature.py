"""Secrets and signatures of Standard Webhooks 1.0.0."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
# The standard asks for 24 to 64 bytes.
SECRET_BYTES = 32


def new_secret():
    """Return a new secret in the form that receivers get: ``whsec_`` and base64.

    :rtype: str
    """
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def new_message_id():
    """Return the id of a message; it stays the same however often the message is sent.

    :rtype: str
    """
    return f"msg_{secrets.token_hex(12)}"


def sign(keys, message_id, timestamp, body):
    """Return the header with one signature for each secret that is valid.

    :param list[str] keys: secrets, the newest first
    :param str message_id: ``webhook-id``
    :param int timestamp: ``webhook-timestamp``, in seconds
    :param bytes body: exactly what is sent
    :rtype: str
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_sign(key, signed)}" for key in keys)


def _sign(key, signed):
    digest = hmac.new(base64.b64decode(key.removeprefix(PREFIX)), signed, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
