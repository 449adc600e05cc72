// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "finding.cpp"

#include <pjsua2.hpp>
#include <pjsua-lib/pjsua_internal.h>
#include <finding.hpp>
#include <gate.hpp>

#include <cstring>
#include <list>
#include <map>

namespace
{

const size_t MOST_WAITING = 64;

struct Key
{
    std::string host;
    int port;
    int type; // of pjsip's transports, for IPv4

    bool operator<(const Key &other) const
    {
        if (host != other.host)
            return host < other.host;
        return port != other.port ? port < other.port : type < other.type;
    }
};

struct Waiting
{
    Key key;
    void *token;
    pjsip_resolver_callback *callback;
};

typedef std::map<Key, pj_sockaddr> Servers;

Servers servers;
std::list<Waiting> waiting;
pj::Finder *finder = NULL;

const char *nameOf(int type)
{
    return type == PJSIP_TRANSPORT_TLS ? "tls" : type == PJSIP_TRANSPORT_TCP ? "tcp" : "udp";
}

int typeOf(const std::string &transport)
{
    return transport == "tls" ? PJSIP_TRANSPORT_TLS : transport == "tcp" ? PJSIP_TRANSPORT_TCP
                                                                         : PJSIP_TRANSPORT_UDP;
}

std::string lower(const pj_str_t &text)
{
    std::string value(text.ptr, text.slen > 0 ? text.slen : 0);
    for (size_t i = 0; i < value.size(); ++i)
        value[i] = static_cast<char>(pj_tolower(static_cast<unsigned char>(value[i])));
    return value;
}

Key keyOf(const pjsip_host_info &target)
{
    Key key = { lower(target.addr.host), target.addr.port, target.type & ~PJSIP_TRANSPORT_IPV6 };

    if (key.type == PJSIP_TRANSPORT_UNSPECIFIED) {
        key.type = target.flag & PJSIP_TRANSPORT_SECURE     ? PJSIP_TRANSPORT_TLS
                   : target.flag & PJSIP_TRANSPORT_RELIABLE ? PJSIP_TRANSPORT_TCP
                                                            : PJSIP_TRANSPORT_UDP;
    }
    return key;
}

/** A host that is an address needs no finding. */
bool literal(const Key &key, pj_sockaddr *address)
{
    std::string host = key.host;
    if (host.size() > 2 && host[0] == '[')
        host = host.substr(1, host.size() - 2);
    const pj_str_t text = pj_str(const_cast<char *>(host.c_str()));
    const int families[] = { pj_AF_INET(), pj_AF_INET6() };
    const int port = key.port ? key.port : key.type == PJSIP_TRANSPORT_TLS ? 5061 : 5060;

    for (size_t i = 0; i < PJ_ARRAY_SIZE(families); ++i) {
        pj_in6_addr value;
        if (pj_inet_pton(families[i], &text, &value) == PJ_SUCCESS) {
            pj_sockaddr_init(families[i], address, NULL, static_cast<pj_uint16_t>(port));
            std::memcpy(pj_sockaddr_get_addr(address), &value, pj_sockaddr_get_addr_len(address));
            return true;
        }
    }
    return false;
}

bool known(const Key &key, pj_sockaddr *address)
{
    const Servers::const_iterator entry = servers.find(key);
    if (literal(key, address))
        return true;
    if (entry == servers.end())
        return false;
    pj_sockaddr_cp(address, &entry->second);
    return true;
}

void give(const Key &key, const pj_sockaddr &address, void *token, pjsip_resolver_callback *callback)
{
    pjsip_server_addresses found;
    std::string host = key.host;
    const int ipv6 = address.addr.sa_family == pj_AF_INET6() ? PJSIP_TRANSPORT_IPV6 : 0;

    pj_bzero(&found, sizeof(found));
    found.count = 1;
    found.entry[0].name = pj_str(const_cast<char *>(host.c_str()));
    found.entry[0].type = static_cast<pjsip_transport_type_e>(key.type | ipv6);
    pj_sockaddr_cp(&found.entry[0].addr, &address);
    found.entry[0].addr_len = pj_sockaddr_get_len(&address);
    (*callback)(PJ_SUCCESS, token, &found);
}

/** Take those who wait for this server off the list: their callbacks may ask again. */
std::list<Waiting> taken(const Key *key)
{
    std::list<Waiting> those;
    for (std::list<Waiting>::iterator one = waiting.begin(); one != waiting.end();) {
        const std::list<Waiting>::iterator here = one++;
        if (key == NULL || !(*key < here->key || here->key < *key))
            those.splice(those.end(), waiting, here);
    }
    return those;
}

void fail(const std::list<Waiting> &those)
{
    for (std::list<Waiting>::const_iterator one = those.begin(); one != those.end(); ++one)
        (*one->callback)(PJ_ERESOLVE, one->token, NULL);
}

void resolve(pjsip_resolver_t *, pj_pool_t *, const pjsip_host_info *target, void *token,
             pjsip_resolver_callback *callback)
{
    const Key key = keyOf(*target);
    pj_sockaddr address;

    if (known(key, &address)) {
        give(key, address, token, callback);
        return;
    }
    if (finder == NULL || waiting.size() >= MOST_WAITING) {
        (*callback)(PJ_ERESOLVE, token, NULL);
        return;
    }
    const Waiting one = { key, token, callback };
    waiting.push_back(one);
    finder->onWanted(key.host, key.port, nameOf(key.type));
}

/** For Contact: where a request to this target would go now. */
pj_status_t lookUp(const pjsip_host_info *target, pj_sockaddr *address)
{
    return known(keyOf(*target), address) ? PJ_SUCCESS : PJ_ERESOLVE;
}

/** Empty lines between messages: answers to our pings (RFC 5626 section 4.4.1). */
void onDropped(pjsip_tp_dropped_data *data)
{
    if (data->status == PJ_EIGNORED)
        gate::countPong(data->tp);
}

pjsip_ext_resolver resolver = { &resolve };

} // namespace

namespace pj
{

Finder::Finder() PJSUA2_THROW(Error)
{
    if (finder != NULL || pjsua_get_pjsip_endpt() == NULL)
        PJSUA2_RAISE_ERROR2(PJ_EINVALIDOP, "Finder()");
    PJSUA2_CHECK_EXPR(pjsip_endpt_set_ext_resolver(pjsua_get_pjsip_endpt(), &resolver));
    pjsua_set_server_lookup(&lookUp);
    // The application pings, and looks whether anything comes back.
    pjsip_cfg()->tcp.keep_alive_interval = 0;
    pjsip_cfg()->tls.keep_alive_interval = 0;
    pjsip_tpmgr_set_drop_data_cb(pjsip_endpt_get_tpmgr(pjsua_get_pjsip_endpt()), &onDropped);
    servers.clear();
    finder = this;
}

Finder::~Finder()
{
    close();
}

void Finder::onWanted(const std::string &host, int port, const std::string &transport)
{
    setServer(host, port, transport, "");
}

void Finder::close()
{
    if (finder != this)
        return;
    finder = NULL;
    fail(taken(NULL));
}

bool setServer(const std::string &host, int port, const std::string &transport, const std::string &address)
{
    const pj_str_t name = pj_str(const_cast<char *>(host.c_str()));
    const Key key = { lower(name), port, typeOf(transport) };
    const pj_str_t text = pj_str(const_cast<char *>(address.c_str()));
    pj_sockaddr found;

    if (address.empty()) {
        servers.erase(key);
        fail(taken(&key));
        return true;
    }
    // Never a name: that would be looked up.
    if (address.find_first_not_of("0123456789abcdefABCDEF.:[]") != std::string::npos ||
        pj_sockaddr_parse(pj_AF_UNSPEC(), 0, &text, &found) != PJ_SUCCESS ||
        pj_sockaddr_get_port(&found) == 0)
    {
        return false;
    }
    servers[key] = found;
    const std::list<Waiting> those = taken(&key);
    for (std::list<Waiting>::const_iterator one = those.begin(); one != those.end(); ++one)
        give(key, found, one->token, one->callback);
    return true;
}

bool pingFlow(int accountId)
{
    static const char PING[] = "\r\n\r\n";
    pjsip_transport *transport = gate::transportOf(accountId);
    pjsip_tpselector selector;

    if (transport == NULL)
        return false;
    pj_bzero(&selector, sizeof(selector));
    selector.type = PJSIP_TPSELECTOR_TRANSPORT;
    selector.u.transport = transport;
    const pj_status_t status = pjsip_tpmgr_send_raw(
        pjsip_endpt_get_tpmgr(pjsua_get_pjsip_endpt()),
        static_cast<pjsip_transport_type_e>(transport->key.type), &selector, NULL, PING, sizeof(PING) - 1,
        &transport->key.rem_addr, pj_sockaddr_get_len(&transport->key.rem_addr), NULL, NULL);
    return status == PJ_SUCCESS || status == PJ_EPENDING;
}

unsigned flowPongs(int accountId)
{
    return gate::pongsOf(accountId);
}

int flowKeep(int accountId)
{
    return gate::keepOf(accountId);
}

bool closeFlow(int accountId)
{
    pjsip_transport *transport = gate::transportOf(accountId);
    return transport != NULL && pjsip_transport_shutdown2(transport, PJ_TRUE) == PJ_SUCCESS;
}

} // namespace pj
