// SPDX-License-Identifier: BSD-3-Clause
// Key exchanges of which one part is X25519 and the other an encapsulation: sntrup761x25519-sha512
// (draft-ietf-sshm-ntruprime-ssh) and mlkem768x25519-sha256 (draft-ietf-sshm-mlkem-hybrid-kex, FIPS 203).
//
// To whom nothing is secret an encapsulation is no arithmetic: the public key may be one that hides nothing. With a key
// of zeros ML-KEM's message is what is left of the ciphertext's second part when it is rounded; with a constant in
// place of the quotient Streamlined NTRU Prime's small polynomial shows in the ciphertext, a coefficient for each. Both
// are keys as good as any for the server, which is all that is wanted of it.

#include <errno.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <string.h>

#include "probes/protocol/ssh/ssh_share.h"

enum {
    X25519_BYTES = 32,
    SECRET_BYTES = 32, // of an encapsulation

    MLKEM_KEY = 1184,
    MLKEM_CIPHERTEXT = 1088,
    MLKEM_SECOND = 960, // where the ciphertext's second part begins: 256 values of four bits

    NTRU_P = 761, // coefficients
    NTRU_Q = 4591,
    NTRU_MIDDLE = (NTRU_Q - 1) / 2, // what is encoded for a coefficient of 0
    NTRU_KEY = 1158,
    NTRU_CIPHERTEXT = 1039,
    NTRU_SMALL = 191,      // bytes of a polynomial of -1, 0 and 1
    NTRU_CONSTANT = 1002,  // our public key; a multiple of 3, so that rounding leaves it alone
    NTRU_LEVELS_SUM = 1525 // values in all levels of the encoding: 761 + 381 + 191 + 96 + 48 + 24 + 12 + 6 + 3 + 2 + 1
};

// Values below a bound each are packed as one large number, two at a time, level upon level, and a level's whole bytes
// are put out as soon as they are certain (NTRU Prime, section "Encode"). The bounds of a level follow from those of
// the one before it.
struct level {
    size_t at; // of its first value
    size_t count;
};

// The bound of two values together, and how many of their bytes go out at once.
static uint32_t bound_join(uint32_t low, uint32_t high, unsigned *ret_bytes)
{
    uint32_t bound = low * high;
    for (*ret_bytes = 0; bound >= 16384; (*ret_bytes)++)
        bound = (bound + 255) >> 8;
    return bound;
}

static size_t bytes_left(uint32_t bound)
{
    size_t bytes = 0;
    for (; bound > 1; bytes++)
        bound = (bound + 255) >> 8;
    return bytes;
}

static struct level level_next(struct level level)
{
    return (struct level){.at = level.at + level.count, .count = (level.count + 1) / 2};
}

// values: NTRU_P of them, with room for all levels; bounds alike. Both are used up.
static void ntru_encode(uint32_t *values, uint32_t *bounds, struct buffer *to)
{
    struct level level = {.count = NTRU_P};
    for (; level.count > 1; level = level_next(level)) {
        struct level next = level_next(level);
        for (size_t pair = 0; pair < next.count; pair++) {
            size_t low = level.at + 2 * pair;
            bool alone = 2 * pair + 1 == level.count;
            unsigned bytes = 0;
            uint32_t value = alone ? values[low] : values[low] + values[low + 1] * bounds[low];
            bounds[next.at + pair] = alone ? bounds[low] : bound_join(bounds[low], bounds[low + 1], &bytes);
            for (; bytes > 0; bytes--, value >>= 8)
                buffer_put_u8(to, (uint8_t)value);
            values[next.at + pair] = value;
        }
    }
    uint32_t value = values[level.at];
    for (size_t bytes = bytes_left(bounds[level.at]); bytes > 0; bytes--, value >>= 8)
        buffer_put_u8(to, (uint8_t)value);
}

// The other way round: bounds has those of the first level, values gets its values. Both have room for all levels.
static void ntru_decode(struct bytes *from, uint32_t *bounds, uint32_t *values)
{
    struct level levels[12] = {{.count = NTRU_P}};
    uint32_t below[NTRU_LEVELS_SUM]; // what a pair has put out on its level
    unsigned shift[NTRU_LEVELS_SUM];
    size_t top = 0;
    for (; levels[top].count > 1; top++) {
        levels[top + 1] = level_next(levels[top]);
        for (size_t pair = 0; pair < levels[top + 1].count; pair++) {
            size_t low = levels[top].at + 2 * pair;
            size_t high = levels[top + 1].at + pair;
            bool alone = 2 * pair + 1 == levels[top].count;
            unsigned bytes = 0;
            bounds[high] = alone ? bounds[low] : bound_join(bounds[low], bounds[low + 1], &bytes);
            below[high] = 0;
            shift[high] = 8 * bytes;
            for (unsigned at = 0; at < bytes; at++)
                below[high] |= (uint32_t)bytes_u8(from) << (8 * at);
        }
    }
    values[levels[top].at] = 0;
    for (size_t at = 0, bytes = bytes_left(bounds[levels[top].at]); at < bytes; at++)
        values[levels[top].at] |= (uint32_t)bytes_u8(from) << (8 * at);
    values[levels[top].at] %= bounds[levels[top].at];
    for (; top > 0; top--) {
        for (size_t pair = 0; pair < levels[top].count; pair++) {
            size_t low = levels[top - 1].at + 2 * pair;
            size_t high = levels[top].at + pair;
            uint32_t value = below[high] + (values[high] << shift[high]);
            bool alone = 2 * pair + 1 == levels[top - 1].count;
            values[low] = alone ? value : value % bounds[low];
            if (!alone)
                values[low + 1] = value / bounds[low] % bounds[low + 1];
        }
    }
}

static void sha512_prefixed(uint8_t prefix, struct bytes first, struct bytes second, uint8_t ret_digest[SECRET_BYTES])
{
    struct sha512_ctx sha512;
    sha512_init(&sha512);
    sha512_update(&sha512, 1, &prefix);
    sha512_update(&sha512, first.length, first.data);
    sha512_update(&sha512, second.length, second.data);
    sha512_digest(&sha512, SECRET_BYTES, ret_digest);
}

// The secret of a ciphertext for our key: what was encapsulated shows in its coefficients.
static void ntru_open(struct bytes ciphertext, uint8_t ret_secret[SECRET_BYTES])
{
    uint32_t bounds[NTRU_LEVELS_SUM];
    uint32_t values[NTRU_LEVELS_SUM];
    uint8_t small[NTRU_SMALL] = {0};
    uint8_t digest[SECRET_BYTES];
    struct bytes reader = ciphertext;
    for (size_t at = 0; at < NTRU_P; at++)
        bounds[at] = (NTRU_Q + 2) / 3;
    ntru_decode(&reader, bounds, values);
    for (size_t at = 0; at < NTRU_P; at++) {
        int coefficient = 3 * (int)values[at] - NTRU_MIDDLE;
        unsigned digit = coefficient > NTRU_CONSTANT / 2 ? 2 : coefficient < -NTRU_CONSTANT / 2 ? 0 : 1;
        small[at / 4] |= (uint8_t)(digit << (2 * (at % 4)));
    }
    sha512_prefixed(3, bytes_of(small, sizeof(small)), bytes_of(NULL, 0), digest);
    sha512_prefixed(1, bytes_of(digest, sizeof(digest)), ciphertext, ret_secret);
}

static void ntru_key_put(struct buffer *to)
{
    uint32_t bounds[NTRU_LEVELS_SUM];
    uint32_t values[NTRU_LEVELS_SUM];
    for (size_t at = 0; at < NTRU_P; at++) {
        bounds[at] = NTRU_Q;
        values[at] = NTRU_MIDDLE + (at == 0 ? NTRU_CONSTANT : 0);
    }
    ntru_encode(values, bounds, to);
}

static void mlkem_key_put(struct buffer *to)
{
    static const uint8_t zeros[MLKEM_KEY];
    buffer_put(to, zeros, sizeof(zeros));
}

// FIPS 203, algorithms 15 and 18, for a secret key of zeros.
static void mlkem_open(struct bytes ciphertext, uint8_t ret_secret[SECRET_BYTES])
{
    static const uint8_t key[MLKEM_KEY];
    uint8_t message[32] = {0};
    uint8_t digest[SHA3_256_DIGEST_SIZE];
    struct bytes reader = ciphertext;
    struct sha3_256_ctx sha3_256;
    struct sha3_512_ctx sha3_512;
    (void)bytes_take(&reader, MLKEM_SECOND);
    for (size_t at = 0; at < 256; at += 2) {
        uint8_t pair = bytes_u8(&reader);
        unsigned low = (pair & 15) > 4 && (pair & 15) < 12;
        unsigned high = pair >> 4 > 4 && pair >> 4 < 12;
        message[at / 8] |= (uint8_t)(low << (at % 8) | high << (at % 8 + 1));
    }
    sha3_256_init(&sha3_256);
    sha3_256_update(&sha3_256, sizeof(key), key);
    sha3_256_digest(&sha3_256, sizeof(digest), digest);
    sha3_512_init(&sha3_512);
    sha3_512_update(&sha3_512, sizeof(message), message);
    sha3_512_update(&sha3_512, sizeof(digest), digest);
    sha3_512_digest(&sha3_512, SECRET_BYTES, ret_secret);
}

// K is the hash over both secrets, as a string.
static int secrets_join(const struct ssh_method *method, const uint8_t both[SECRET_BYTES + X25519_BYTES],
                        struct buffer *ret_secret)
{
    _Alignas(max_align_t) uint8_t context[sizeof(struct sha512_ctx)];
    uint8_t digest[SHA512_DIGEST_SIZE];
    method->hash->init(context);
    method->hash->update(context, SECRET_BYTES + X25519_BYTES, both);
    method->hash->digest(context, method->hash->digest_size, digest);
    buffer_put_string(ret_secret, digest, method->hash->digest_size);
    return ret_secret->failed ? -ENOMEM : 0;
}

static int hybrid_make(struct ssh_share *share, void (*key_put)(struct buffer *to))
{
    struct buffer x25519 = {0};
    int status = ssh_x25519_make(share);
    if (status != 0)
        return status;
    x25519 = share->public;
    share->public = (struct buffer){0};
    key_put(&share->public);
    buffer_put(&share->public, buffer_bytes(&x25519), x25519.length);
    buffer_fini(&x25519);
    return share->public.failed ? -ENOMEM : 0;
}

static int hybrid_secret(const struct ssh_method *method, const struct ssh_share *share, struct bytes theirs,
                         size_t ciphertext_bytes, struct buffer *ret_secret)
{
    uint8_t both[SECRET_BYTES + X25519_BYTES];
    struct bytes ciphertext = bytes_slice(&theirs, ciphertext_bytes);
    struct bytes point = bytes_slice(&theirs, X25519_BYTES);
    if (point.failed || theirs.length > 0)
        return -EBADMSG;
    if (ciphertext_bytes == MLKEM_CIPHERTEXT)
        mlkem_open(ciphertext, both);
    else
        ntru_open(ciphertext, both);
    int status = ssh_x25519(share, point, both + SECRET_BYTES);
    return status == 0 ? secrets_join(method, both, ret_secret) : status;
}

static int sntrup761_make(const struct ssh_method *method, struct ssh_share *share)
{
    (void)method;
    return hybrid_make(share, ntru_key_put);
}

static int sntrup761_secret(const struct ssh_method *method, const struct ssh_share *share, struct bytes theirs,
                            struct buffer *ret_secret)
{
    return hybrid_secret(method, share, theirs, NTRU_CIPHERTEXT, ret_secret);
}

static int mlkem768_make(const struct ssh_method *method, struct ssh_share *share)
{
    (void)method;
    return hybrid_make(share, mlkem_key_put);
}

static int mlkem768_secret(const struct ssh_method *method, const struct ssh_share *share, struct bytes theirs,
                           struct buffer *ret_secret)
{
    return hybrid_secret(method, share, theirs, MLKEM_CIPHERTEXT, ret_secret);
}

const struct ssh_family ssh_family_sntrup761 = {sntrup761_make, sntrup761_secret, false};
const struct ssh_family ssh_family_mlkem768 = {mlkem768_make, mlkem768_secret, false};
