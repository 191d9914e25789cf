"""Single sign-on by OpenID Connect: https://openid.net/specs/openid-connect-core-1_0.html

allauth's own provider trusts an ID token because it came straight from the token endpoint, asks for no nonce, and
believes whatever issuer the discovery document names. This one checks all three.
"""
