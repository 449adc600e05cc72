"""Catalogues of languages, kept in step with the source: ``make messages``. For developers, with Babel."""
