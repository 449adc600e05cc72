// SPDX-License-Identifier: GPL-3.0-or-later
// Keys by which others know this telephone or its owner: the certificates of
// DTLS-SRTP that stay, and the signature under the caller's name.
#ifndef SOTTOVOCE_IDENTITY_HPP
#define SOTTOVOCE_IDENTITY_HPP

#include <pjsua2/call.hpp>
#include <pjsua2/types.hpp>
#include <string>

namespace pj
{

/**
 * A certificate for DTLS-SRTP with its key, for calls with one contact. It
 * looks like those that are made for one call alone.
 */
class DtlsIdentity
{
public:
    /** A new one, or the one that pem() gave. */
    DtlsIdentity() PJSUA2_THROW(Error);
    explicit DtlsIdentity(const std::string &pem) PJSUA2_THROW(Error);
    ~DtlsIdentity();

    /** Certificate and key as text, to be kept sealed. */
    std::string pem() const PJSUA2_THROW(Error);

    /** Have the media of Call::onCreateMediaTransportSrtp() show it. */
    void showIn(OnCreateMediaTransportSrtpParam &prm) const;

private:
    DtlsIdentity(const DtlsIdentity &);
    DtlsIdentity &operator=(const DtlsIdentity &);

    void *certificate;
    void *secret;
};

/**
 * Proves with a private key who calls (RFC 8224): for each INVITE outside a
 * dialog that may name the caller, prove() is asked for its Identity header
 * field, again when it is repeated with a password or in another way. A
 * message that does not name the caller is not shown to it.
 *
 * Of several each is asked until one proves. Make it after libInit() and
 * close() it before libDestroy().
 */
class Prover
{
public:
    /** The key is on P-256, in PEM form without a passphrase; it stays here.
     *  Raises an error for any other, and where the file cannot be read.
     */
    explicit Prover(const std::string &keyFile) PJSUA2_THROW(Error);
    virtual ~Prover();

    /** The value of the Identity header field for an INVITE with these
     *  addresses in From and To and this body; empty: none, for it is not
     *  this prover's caller.
     */
    virtual std::string prove(const std::string &from, const std::string &to, const std::string &body);

    /** The signature of ES256 (RFC 7518 section 3.4), in base64url. */
    std::string sign(const std::string &text) const PJSUA2_THROW(Error);

    /** The public key, as base64 of its SubjectPublicKeyInfo. */
    std::string publicKey() const PJSUA2_THROW(Error);

    /** Prove no more, and wipe the key. May be called twice. */
    void close();

private:
    Prover(const Prover &);
    Prover &operator=(const Prover &);

    void *secret;
};

} // namespace pj

#endif
