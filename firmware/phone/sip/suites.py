"""The SRTP protection profiles that are offered and taken, best first (RFC 7714, RFC 6188, RFC 3711). Pure.

Nothing with a 32-bit tag.
"""

SUITES = ("AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80")
