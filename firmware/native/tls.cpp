// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "tls.cpp"

#include <pjsua2.hpp>
#include <pjsip.h>
#include <tls.hpp>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <cerrno>
#include <map>
#include <memory>
#include <set>

namespace
{

// Seconds that the two clocks may differ.
const long OCSP_SLACK = 300;

std::map<std::string, std::set<std::string> > pins; // by the next hop's host; "": of any
pj::TlsAgreed agreed;

template <typename T, void (*release)(T *)>
struct Released
{
    void operator()(T *object) const { release(object); }
};

typedef std::unique_ptr<OCSP_RESPONSE, Released<OCSP_RESPONSE, OCSP_RESPONSE_free> > Response;
typedef std::unique_ptr<OCSP_BASICRESP, Released<OCSP_BASICRESP, OCSP_BASICRESP_free> > Answer;
typedef std::unique_ptr<OCSP_CERTID, Released<OCSP_CERTID, OCSP_CERTID_free> > Question;
typedef std::unique_ptr<TLS_FEATURE, Released<TLS_FEATURE, TLS_FEATURE_free> > Features;

std::string base64(const unsigned char *octets, size_t size)
{
    std::string text(4 * ((size + 2) / 3) + 1, '\0');
    text.resize(EVP_EncodeBlock(reinterpret_cast<unsigned char *>(&text[0]), octets, static_cast<int>(size)));
    return text;
}

/** RFC 7469 section 2.4. */
std::string pinOf(X509 *certificate)
{
    unsigned char *key = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    const bool done = length > 0 && EVP_Digest(key, length, digest, &size, EVP_sha256(), NULL) == 1;

    OPENSSL_free(key);
    return done ? base64(digest, size) : std::string();
}

/** Only the chain that was verified counts: a server can send along whatever it likes. */
bool pinned(const std::string &host, STACK_OF(X509) *chain)
{
    const std::string which = pins.count(host) ? host : std::string();
    if (!pins.count(which))
        return true;
    for (int i = 0; chain && i < sk_X509_num(chain); ++i) {
        if (pins[which].count(pinOf(sk_X509_value(chain, i))))
            return true;
    }
    return false;
}

/** Whether the certificate asks that each handshake brings an OCSP response (RFC 7633). */
bool promisesWord(X509 *certificate)
{
    const long statusRequest = 5; // RFC 6066 section 8
    const Features features(
        static_cast<TLS_FEATURE *>(X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL)));

    for (int i = 0; features && i < sk_ASN1_INTEGER_num(features.get()); ++i) {
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == statusRequest)
            return true;
    }
    return false;
}

/** What a stapled response says of the server's certificate: a V_OCSP_CERTSTATUS; unknown also where it
 *  cannot be read, is not the issuer's, or is too old.
 */
int stapledStatus(SSL *ssl, STACK_OF(X509) *chain)
{
    const unsigned char *octets = NULL;
    const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &octets);
    if (size <= 0 || octets == NULL || sk_X509_num(chain) < 2)
        return V_OCSP_CERTSTATUS_UNKNOWN;
    const Response response(d2i_OCSP_RESPONSE(NULL, &octets, size));
    if (!response || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return V_OCSP_CERTSTATUS_UNKNOWN;
    const Answer answer(OCSP_response_get1_basic(response.get()));
    X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
    if (!answer || OCSP_basic_verify(answer.get(), chain, store, 0) != 1)
        return V_OCSP_CERTSTATUS_UNKNOWN;
    for (int i = 0; i < OCSP_resp_count(answer.get()); ++i) {
        // The responder chooses the hash by which it names the certificate.
        const OCSP_CERTID *named = OCSP_SINGLERESP_get0_id(OCSP_resp_get0(answer.get(), i));
        ASN1_OBJECT *hash = NULL;
        OCSP_id_get0_info(NULL, &hash, NULL, NULL, const_cast<OCSP_CERTID *>(named));
        const EVP_MD *digest = EVP_get_digestbyobj(hash);
        if (digest == NULL)
            continue;
        const Question question(OCSP_cert_to_id(digest, sk_X509_value(chain, 0), sk_X509_value(chain, 1)));
        int status = V_OCSP_CERTSTATUS_UNKNOWN;
        ASN1_GENERALIZEDTIME *since = NULL, *until = NULL;
        if (question && OCSP_id_cmp(question.get(), named) == 0 &&
            OCSP_resp_find_status(answer.get(), question.get(), &status, NULL, NULL, &since, &until) == 1 &&
            OCSP_check_validity(since, until, OCSP_SLACK, -1) == 1)
        {
            return status;
        }
    }
    return V_OCSP_CERTSTATUS_UNKNOWN;
}

std::string groupOf(SSL *ssl)
{
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
    const char *name = SSL_get0_group_name(ssl);
    return name ? name : "";
#else
    const long group = SSL_get_negotiated_group(ssl);
    if (group & TLSEXT_nid_unknown) {
        char number[16];
        pj_ansi_snprintf(number, sizeof(number), "0x%04lx", group & 0xFFFF);
        return number;
    }
    return group > 0 ? OBJ_nid2sn(static_cast<int>(group)) : "";
#endif
}

pj_uint32_t judge(const pj_str_t *host, void *native, pj_uint32_t flaws)
{
    SSL *ssl = static_cast<SSL *>(native);
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    pj_uint32_t found = 0;

    agreed.version = SSL_get_version(ssl);
    agreed.suite = SSL_get_cipher_name(ssl);
    agreed.group = groupOf(ssl);
    if (flaws || chain == NULL || sk_X509_num(chain) < 1)
        return 0; // refused anyway
    if (!pinned(std::string(host->ptr, host->slen), chain))
        found |= pj::TLS_NOT_PINNED;
    switch (stapledStatus(ssl, chain)) {
    case V_OCSP_CERTSTATUS_GOOD:
        break;
    case V_OCSP_CERTSTATUS_REVOKED:
        found |= PJ_SSL_CERT_EREVOKED;
        break;
    default:
        found |= promisesWord(sk_X509_value(chain, 0)) ? static_cast<pj_uint32_t>(pj::TLS_REVOCATION_UNKNOWN) : 0;
    }
    ERR_clear_error();
    return found;
}

/** OpenSSL's reason within one of pjlib's status codes, or 0. */
int reasonOf(int status)
{
    // How ssl_sock_ossl.c makes them: from where on, and how many for each of OpenSSL's libraries.
    const int start = PJ_ERRNO_START_USER + PJ_ERRNO_SPACE_SIZE * 6, most = 1200;
    const int code = status - start;
    if (code < 0 || code >= PJ_ERRNO_SPACE_SIZE)
        return 0;
    return code / most == ERR_LIB_SSL ? code % most : 0;
}

} // namespace

namespace pj
{

void setTlsPins(const StringVector &values, const std::string &host)
{
    if (host.empty())
        pins.clear();
    if (!values.empty())
        pins[host].insert(values.begin(), values.end());
    pjsip_tls_set_judge(&judge);
}

TlsAgreed tlsAgreed()
{
    return agreed;
}

void setTimeFloor(long long seconds)
{
    pj_ssl_sock_set_time_floor(static_cast<long>(seconds));
}

TlsTrouble tlsTrouble(int status)
{
    if (status == PJ_SUCCESS)
        return TLS_NO_TROUBLE;
    if (status == PJ_ERESOLVE)
        return TLS_UNKNOWN_NAME;
    if (status == PJ_ETIMEDOUT || status == PJ_STATUS_FROM_OS(ETIMEDOUT))
        return TLS_TIMEOUT;
    if (status == PJ_STATUS_FROM_OS(ECONNREFUSED))
        return TLS_REFUSED;
    if (status == PJ_STATUS_FROM_OS(EHOSTUNREACH) || status == PJ_STATUS_FROM_OS(ENETUNREACH))
        return TLS_UNREACHABLE;
    switch (reasonOf(status)) {
    case 0:
        return TLS_BROKEN_OFF;
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
        return TLS_TOO_OLD;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_CURVE:
    case SSL_R_DH_KEY_TOO_SMALL:
    case SSL_R_WRONG_SIGNATURE_TYPE:
        return TLS_NO_SUITE;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
        return TLS_NO_TLS;
    default:
        return TLS_BROKEN_OFF;
    }
}

std::string opensslVersion()
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

} // namespace pj
