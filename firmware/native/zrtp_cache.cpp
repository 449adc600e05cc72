// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "zrtp_cache.cpp"

#include <zrtp_cache.hpp>

#include <openssl/crypto.h>
#include <sqlite3.h>

namespace
{

const char VERSION = 1;
const size_t ZID = 12, SECRET = 32;
const size_t ENTRY = ZID + 1 + 2 * SECRET;
const char VERIFIED = 1, HAS_RS2 = 2, PROVEN = 4;

/** One prepared statement; what it is bound to must outlive it. */
class Statement
{
public:
    Statement(sqlite3 *db, const char *sql) : made(NULL), place(0)
    {
        if (db == NULL || sqlite3_prepare_v2(db, sql, -1, &made, NULL) != SQLITE_OK)
            made = NULL;
    }
    ~Statement() { sqlite3_finalize(made); }

    Statement &blob(const std::string &octets)
    {
        if (octets.empty())
            sqlite3_bind_null(made, ++place);
        else
            sqlite3_bind_blob(made, ++place, octets.data(), static_cast<int>(octets.size()), SQLITE_STATIC);
        return *this;
    }
    Statement &text(const char *chars)
    {
        sqlite3_bind_text(made, ++place, chars, -1, SQLITE_STATIC);
        return *this;
    }
    bool done() { return made != NULL && sqlite3_step(made) == SQLITE_DONE; }
    bool row() { return made != NULL && sqlite3_step(made) == SQLITE_ROW; }
    std::string column(int number)
    {
        const char *octets = static_cast<const char *>(sqlite3_column_blob(made, number));
        return octets ? std::string(octets, sqlite3_column_bytes(made, number)) : std::string();
    }

private:
    Statement(const Statement &);
    Statement &operator=(const Statement &);

    sqlite3_stmt *made;
    int place;
};

int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool octets(const std::string &hex, std::string &result)
{
    for (size_t at = 0; at + 1 < hex.size(); at += 2) {
        int high = digit(hex[at]), low = digit(hex[at + 1]);
        if (high < 0 || low < 0)
            return false;
        result.push_back(static_cast<char>(high << 4 | low));
    }
    return hex.size() % 2 == 0;
}

} // namespace

namespace sottovoce
{

void erase(std::string &secret)
{
    if (!secret.empty())
        OPENSSL_cleanse(&secret[0], secret.size());
    secret.clear();
}

Record::~Record()
{
    for (std::vector<Shared>::iterator peer = peers.begin(); peer != peers.end(); ++peer) {
        erase(peer->rs1);
        erase(peer->rs2);
    }
}

bool Record::read(const std::string &hex)
{
    std::string raw;
    bool good;

    raw.reserve(hex.size() / 2);
    good = octets(hex, raw) && raw.size() >= 1 + ZID && raw[0] == VERSION &&
           (raw.size() - 1 - ZID) % ENTRY == 0 && (raw.size() - 1 - ZID) / ENTRY <= MOST;
    if (good) {
        ownZid = raw.substr(1, ZID);
        peers.reserve(MOST);
        for (size_t at = 1 + ZID; at < raw.size(); at += ENTRY) {
            Shared peer;
            const char flags = raw[at + ZID];
            peer.zid = raw.substr(at, ZID);
            peer.verified = flags & VERIFIED;
            peer.proven = flags & PROVEN;
            peer.rs1 = raw.substr(at + ZID + 1, SECRET);
            peer.rs2 = flags & HAS_RS2 ? raw.substr(at + ZID + 1 + SECRET, SECRET) : "";
            peers.push_back(peer);
            erase(peer.rs1);
            erase(peer.rs2);
        }
    }
    erase(raw);
    return good;
}

std::string Record::write() const
{
    static const char DIGITS[] = "0123456789abcdef";
    std::string raw, hex;

    raw.reserve(1 + ZID + MOST * ENTRY);
    raw.push_back(VERSION);
    raw += ownZid;
    for (size_t i = 0; i < peers.size() && i < MOST; ++i) {
        const Shared &peer = peers[i];
        raw += peer.zid;
        raw.push_back((peer.verified ? VERIFIED : 0) | (peer.rs2.empty() ? 0 : HAS_RS2) |
                      (peer.proven ? PROVEN : 0));
        raw += peer.rs1;
        raw += peer.rs2.empty() ? std::string(SECRET, '\0') : peer.rs2;
    }
    hex.reserve(2 * raw.size());
    for (size_t i = 0; i < raw.size(); ++i) {
        hex.push_back(DIGITS[static_cast<unsigned char>(raw[i]) >> 4]);
        hex.push_back(DIGITS[raw[i] & 15]);
    }
    erase(raw);
    return hex;
}

const Shared *Record::find(const std::string &zid) const
{
    for (size_t i = 0; i < peers.size(); ++i) {
        if (peers[i].zid == zid)
            return &peers[i];
    }
    return NULL;
}

const char *const Cache::US = "us";
const char *const Cache::THEM = "them";

Cache::Cache() : db(NULL)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_MEMORY;

    if (sqlite3_open_v2(":memory:", &db, flags, NULL) != SQLITE_OK) {
        sqlite3_close(db);
        db = NULL;
        return;
    }
    sqlite3_exec(db, "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;", NULL, NULL, NULL);
}

Cache::~Cache()
{
    // Its pages are freed as they are: write zeros over what is secret in them.
    sqlite3_exec(db, "UPDATE zrtp SET rs1 = zeroblob(32), rs2 = zeroblob(32);", NULL, NULL, NULL);
    sqlite3_close(db);
}

bool Cache::fill(const Record &record) const
{
    if (record.ownZid.empty())
        return true;
    if (!Statement(db, "INSERT INTO ziduri (zid, selfuri, peeruri) VALUES (?, ?, 'self')")
             .blob(record.ownZid).text(US).done())
    {
        return false;
    }
    const std::string yes(1, '\x01'), no(1, '\0');
    for (size_t i = 0; i < record.peers.size(); ++i) {
        const Shared &peer = record.peers[i];
        if (!Statement(db, "INSERT INTO ziduri (zid, selfuri, peeruri) VALUES (?, ?, ?)")
                 .blob(peer.zid).text(US).text(THEM).done() ||
            !Statement(db, "INSERT INTO zrtp (zuid, rs1, rs2, pvs) VALUES (last_insert_rowid(), ?, ?, ?)")
                 .blob(peer.rs1).blob(peer.rs2).blob(peer.verified ? yes : no).done())
        {
            return false;
        }
    }
    return true;
}

std::string Cache::ownZid() const
{
    Statement query(db, "SELECT zid FROM ziduri WHERE peeruri = 'self'");
    return query.row() ? query.column(0) : std::string();
}

bool Cache::shared(const std::string &zid, Shared &found) const
{
    Statement query(db, "SELECT z.rs1, z.rs2, z.pvs FROM ziduri AS u JOIN zrtp AS z ON z.zuid = u.zuid "
                        "WHERE u.peeruri = ? AND u.zid = ?");

    if (!query.text(THEM).blob(zid).row())
        return false;
    found.zid = zid;
    found.rs1 = query.column(0);
    found.rs2 = query.column(1);
    found.verified = query.column(2) == std::string(1, '\x01');
    return found.rs1.size() == SECRET && (found.rs2.empty() || found.rs2.size() == SECRET);
}

} // namespace sottovoce
