"""A ZRTP party of its own, written from RFC 6189 for the tests alone: nothing of the product, nor of
bzrtp, is in it, so that both can be judged.

    party = Party(Cache(), peer_hash=...)
    for packet in party.start(now): ...
    for packet in party.receive(octets, now) + party.tick(now): ...
    party.agreement.words

``wire`` packets · ``messages`` what is in them · ``algorithms`` what is agreed · ``keys`` what is derived ·
``cache`` retained secrets · ``party`` the protocol · ``hostile`` parties that break it in one way each.
"""
