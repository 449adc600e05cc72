"""The SIP engine on pjsua2. This package alone imports it."""
