"""Challenges of servers and proxies."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from serversync.exchange.auth.channel_binding import channel_binding
from serversync.exchange.auth.flow import Challenge


def test_several_offers_are_kept_apart() -> None:
    challenge = Challenge(("Negotiate", "NTLM TlRMTVNT", 'Basic realm="mail, NTLM"'))
    assert challenge.token("ntlm") == "TlRMTVNT"
    assert challenge.token("Negotiate") == ""
    assert challenge.token("Basic") == 'realm="mail, NTLM"'
    assert challenge.token("Bearer") is None
    assert challenge.offered == "Negotiate, NTLM, Basic"


def test_offers_that_a_proxy_folded_are_found() -> None:
    challenge = Challenge(('Negotiate, NTLM TlRMTVNT, Basic realm="mail, Digest"',))
    assert challenge.token("NTLM") == "TlRMTVNT"
    assert challenge.token("Negotiate") == ""
    assert challenge.token("Basic") == 'realm="mail, Digest"'
    assert challenge.token("Digest") is None
    assert challenge.offered == "Negotiate, NTLM, Basic"


def test_parameters_are_no_offers() -> None:
    bearer = 'Bearer client_id="0000", trusted_issuers="0001@*", token_types="app_asserted_user_v1"'
    assert Challenge((bearer, "NTLM")).offered == "Bearer, NTLM"


def test_no_offer_at_all_is_told() -> None:
    assert Challenge(()).offered == "none"


def certificate(algorithm: hashes.HashAlgorithm | None) -> bytes:
    key = (
        ed25519.Ed25519PrivateKey.generate() if algorithm is None else ec.generate_private_key(ec.SECP384R1())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + dt.timedelta(days=1))
    return built.sign(key, algorithm).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_the_binding_uses_the_hash_of_the_signature(algorithm: hashes.HashAlgorithm) -> None:
    der = certificate(algorithm)
    digest = hashes.Hash(algorithm)
    digest.update(der)
    binding = channel_binding(der)
    assert binding is not None
    assert binding.application_data == b"tls-server-end-point:" + digest.finalize()


@pytest.mark.parametrize("der", [None, b"no certificate", certificate(None)])
def test_where_the_standard_defines_no_binding_there_is_none(der: bytes | None) -> None:
    assert channel_binding(der) is None
