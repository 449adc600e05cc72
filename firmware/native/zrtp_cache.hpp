// SPDX-License-Identifier: GPL-3.0-or-later
// The retained secrets of ZRTP for one far end (RFC 6189 section 4.9): our record, and the form that bzrtp wants.
#ifndef SOTTOVOCE_ZRTP_CACHE_HPP
#define SOTTOVOCE_ZRTP_CACHE_HPP

#include <string>
#include <vector>

struct sqlite3;

namespace sottovoce
{

/** Overwrite what the string holds, and empty it. */
void erase(std::string &secret);

/** The secrets shared with one telephone of the far end. */
struct Shared
{
    std::string zid;      // of the far end, 12 octets
    bool verified;        // the string was compared, and the far end has not lost the secrets since
    bool proven;          // it is the far end's only one so far, or people compared the string with it
    std::string rs1, rs2; // 32 octets each; rs2 may be empty
};

/** All that is kept of one far end. */
class Record
{
public:
    std::string ownZid; // 12 octets; empty: to be made
    std::vector<Shared> peers; // those that are proven, the latest first; then at most one that is not

    static const unsigned MOST = 4;

    ~Record();

    /** False for what write() did not write; the record is then empty. */
    bool read(const std::string &hex);
    std::string write() const;
    const Shared *find(const std::string &zid) const;
};

/** A cache of bzrtp's in memory alone, filled from a record. */
class Cache
{
public:
    static const char *const US;
    static const char *const THEM;

    Cache();
    ~Cache();

    /** To be given to bzrtp, which makes its tables; then fill() it. NULL without memory. */
    sqlite3 *database() const { return db; }
    bool fill(const Record &record) const;

    std::string ownZid() const;
    bool shared(const std::string &zid, Shared &found) const;

private:
    Cache(const Cache &);
    Cache &operator=(const Cache &);

    sqlite3 *db;
};

} // namespace sottovoce

#endif
