// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "identity.cpp"

#include <pjsua2.hpp>
#include <pjmedia/transport_srtp.h>
#include <pjsua-lib/pjsua_internal.h>
#include <identity.hpp>
#include <proving.hpp>

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace
{

std::vector<pj::Prover *> provers;

const size_t LONGEST_KEY = 16384;
const size_t COORDINATE = 32; // octets, on P-256

template <typename T, void (*release)(T *)>
struct Released
{
    void operator()(T *object) const { release(object); }
};

void freeBio(BIO *bio)
{
    BIO_free(bio);
}

typedef std::unique_ptr<BIO, Released<BIO, freeBio> > Bio;
typedef std::unique_ptr<ECDSA_SIG, Released<ECDSA_SIG, ECDSA_SIG_free> > Signature;
typedef std::unique_ptr<EVP_MD_CTX, Released<EVP_MD_CTX, EVP_MD_CTX_free> > Context;

/** Octets that are wiped when they are no longer needed. */
struct Secret
{
    std::vector<unsigned char> octets;

    explicit Secret(size_t size) : octets(size) {}
    ~Secret() { OPENSSL_cleanse(octets.data(), octets.size()); }
};

[[noreturn]] void fail(pj_status_t status, const char *what)
{
    ERR_clear_error();
    throw pj::Error(status, "", what, "", 0);
}

std::string base64(const unsigned char *octets, size_t size)
{
    std::string text(4 * ((size + 2) / 3) + 1, '\0');
    text.resize(EVP_EncodeBlock(reinterpret_cast<unsigned char *>(&text[0]), octets, static_cast<int>(size)));
    return text;
}

std::string base64url(const unsigned char *octets, size_t size)
{
    std::string text = base64(octets, size);
    for (size_t i = 0; i < text.size(); ++i)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    return text.substr(0, text.find('='));
}

bool isP256(EVP_PKEY *key)
{
    char name[32];
    size_t length = 0;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name), &length) == 1 &&
           std::strcmp(name, "prime256v1") == 0;
}

/** Nobody is here to type a passphrase. */
int noPassphrase(char *, int, int, void *)
{
    return -1;
}

/** Read without stdio, whose buffers would keep what they held. */
EVP_PKEY *readKey(const std::string &file)
{
    Secret text(LONGEST_KEY);
    size_t size = 0;
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        fail(PJ_STATUS_FROM_OS(errno), "the key of the caller's proof cannot be opened");
    for (ssize_t got = 1; got > 0 && size < text.octets.size(); size += got > 0 ? got : 0)
        got = ::read(descriptor, &text.octets[size], text.octets.size() - size);
    ::close(descriptor);
    const Bio bio(BIO_new_mem_buf(text.octets.data(), static_cast<int>(size)));
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio.get(), NULL, &noPassphrase, NULL) : NULL;
    if (key == NULL || !isP256(key)) {
        EVP_PKEY_free(key);
        fail(PJ_EINVAL, "the key of the caller's proof is not an EC key on P-256 in PEM form");
    }
    return key;
}

std::string printed(const pjsip_uri *uri)
{
    char text[PJSIP_MAX_URL_SIZE];
    const int length = pjsip_uri_print(PJSIP_URI_IN_FROMTO_HDR,
                                       const_cast<void *>(pjsip_uri_get_uri(uri)), text, sizeof(text));
    return length > 0 ? std::string(text, length) : std::string();
}

std::string printed(pjsip_msg_body *body)
{
    std::vector<char> text(PJSIP_MAX_PKT_LEN);
    const int length = body ? body->print_body(body, text.data(), text.size()) : 0;
    return length > 0 ? std::string(text.data(), length) : std::string();
}

} // namespace

namespace proving
{

void prove(pjsip_tx_data *tdata)
{
    const pjsip_msg *msg = tdata->msg;
    const pjsip_from_hdr *from = PJSIP_MSG_FROM_HDR(msg);
    const pjsip_to_hdr *to = PJSIP_MSG_TO_HDR(msg);

    if (from == NULL || to == NULL)
        return;
    std::string value;
    for (size_t i = 0; value.empty() && i < provers.size(); ++i)
        value = provers[i]->prove(printed(from->uri), printed(to->uri), printed(msg->body));
    if (value.empty() || value.find_first_of("\r\n") != std::string::npos)
        return;
    pj_str_t name = pj_str(const_cast<char *>("Identity"));
    pj_str_t content = { const_cast<char *>(value.data()), static_cast<pj_ssize_t>(value.size()) };
    pjsip_msg_add_hdr(tdata->msg, reinterpret_cast<pjsip_hdr *>(
        pjsip_generic_string_hdr_create(tdata->pool, &name, &content)));
}

} // namespace proving

namespace pj
{

DtlsIdentity::DtlsIdentity() PJSUA2_THROW(Error) : certificate(NULL), secret(NULL)
{
    PJSUA2_CHECK_EXPR(pjmedia_srtp_dtls_make_cert(&certificate, &secret));
}

DtlsIdentity::DtlsIdentity(const std::string &text) PJSUA2_THROW(Error) : certificate(NULL), secret(NULL)
{
    const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    X509 *found = bio ? PEM_read_bio_X509(bio.get(), NULL, &noPassphrase, NULL) : NULL;
    EVP_PKEY *pair = found ? PEM_read_bio_PrivateKey(bio.get(), NULL, &noPassphrase, NULL) : NULL;
    if (pair == NULL || !isP256(pair) || X509_check_private_key(found, pair) != 1) {
        X509_free(found);
        EVP_PKEY_free(pair);
        fail(PJ_EINVAL, "this is no certificate with its key");
    }
    certificate = found;
    secret = pair;
}

DtlsIdentity::~DtlsIdentity()
{
    X509_free(static_cast<X509 *>(certificate));
    EVP_PKEY_free(static_cast<EVP_PKEY *>(secret));
}

std::string DtlsIdentity::pem() const PJSUA2_THROW(Error)
{
    const Bio bio(BIO_new(BIO_s_secmem()));
    char *text = NULL;
    if (!bio || PEM_write_bio_X509(bio.get(), static_cast<X509 *>(certificate)) != 1 ||
        PEM_write_bio_PrivateKey(bio.get(), static_cast<EVP_PKEY *>(secret), NULL, NULL, 0, NULL, NULL) != 1)
    {
        fail(PJ_ENOMEM, "DtlsIdentity::pem()");
    }
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, size);
}

void DtlsIdentity::showIn(OnCreateMediaTransportSrtpParam &prm) const
{
    prm.dtlsCert = certificate;
    prm.dtlsKey = secret;
}

Prover::Prover(const std::string &keyFile) PJSUA2_THROW(Error) : secret(readKey(keyFile))
{
    provers.push_back(this);
}

Prover::~Prover()
{
    close();
}

std::string Prover::prove(const std::string &, const std::string &, const std::string &)
{
    return std::string();
}

std::string Prover::sign(const std::string &text) const PJSUA2_THROW(Error)
{
    const Context context(EVP_MD_CTX_new());
    const unsigned char *octets = reinterpret_cast<const unsigned char *>(text.data());
    unsigned char der[128], raw[2 * COORDINATE];
    size_t size = sizeof(der);

    if (!secret || !context ||
        EVP_DigestSignInit(context.get(), NULL, EVP_sha256(), NULL, static_cast<EVP_PKEY *>(secret)) != 1 ||
        EVP_DigestSign(context.get(), der, &size, octets, text.size()) != 1)
    {
        fail(PJ_EINVALIDOP, "Prover::sign()");
    }
    const unsigned char *start = der;
    const Signature pair(d2i_ECDSA_SIG(NULL, &start, static_cast<long>(size)));
    if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw, COORDINATE) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw + COORDINATE, COORDINATE) < 0)
    {
        fail(PJ_EINVALIDOP, "Prover::sign()");
    }
    return base64url(raw, sizeof(raw));
}

std::string Prover::publicKey() const PJSUA2_THROW(Error)
{
    unsigned char *octets = NULL;
    const int size = secret ? i2d_PUBKEY(static_cast<EVP_PKEY *>(secret), &octets) : 0;
    const std::string text = size > 0 ? base64(octets, size) : std::string();
    OPENSSL_free(octets);
    return text;
}

void Prover::close()
{
    provers.erase(std::remove(provers.begin(), provers.end(), this), provers.end());
    EVP_PKEY_free(static_cast<EVP_PKEY *>(secret)); // wipes it
    secret = NULL;
}

} // namespace pj
