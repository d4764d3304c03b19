// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_matrix.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "probes/protocol/tls/tls_names.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    STEP_BITS = 4, // of an errand's argument: the step, then a bit for each that is left, then how often it was silent
    STEP_MASK = (1 << STEP_BITS) - 1,
    UNHEARD_BIT = 15, // nothing that it said was TLS yet
    SILENCES_AT = 16,
    SILENCES_MOST = 2, // in a row: who says nothing twice is asked no further
    JA3S_TEXT_MAX = 16 + 6 * TLS_SERVER_EXTENSIONS_MAX,
    MD5_BYTES = 16,
};

static const uint16_t versions[] = {TLS_SSL2, TLS_SSL3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3};
enum { VERSIONS = sizeof(versions) / sizeof(versions[0]) };

static const char status_offered[] = "offered";
static const char status_refused[] = "refused";
static const char status_unknown[] = "unknown";

static bool is_tls(const struct observation *observation)
{
    return strcmp(observation_service(observation), "tls") == 0 || observation_in_tls(observation);
}

static uint32_t step_bit(enum tls_matrix_step step)
{
    return UINT32_C(1) << (STEP_BITS + step);
}

static uint16_t step_version(enum tls_matrix_step step)
{
    static const uint16_t of_step[TLS_STEP_COUNT] = {
        [TLS_STEP_1_2] = TLS_1_2,   [TLS_STEP_1_1] = TLS_1_1,   [TLS_STEP_1_0] = TLS_1_0,
        [TLS_STEP_SSL3] = TLS_SSL3, [TLS_STEP_SSL2] = TLS_SSL2,
    };
    return of_step[step];
}

static struct tls_version_observation *row_find(const struct observation *observation, const char *version)
{
    const struct rows *rows = observation->tls == NULL ? NULL : &observation->tls->matrix;
    struct tls_version_observation *items = rows == NULL ? NULL : rows->items;
    for (uint32_t at = 0; items != NULL && at < rows->count; at++)
        if (text_is(&items[at].version, version))
            return &items[at];
    return NULL;
}

const struct tls_version_observation *tls_matrix_row(const struct observation *observation, uint16_t version)
{
    return row_find(observation, tls_version_name(version));
}

static bool row_is(const struct observation *observation, uint16_t version, const char *status)
{
    const struct tls_version_observation *row = tls_matrix_row(observation, version);
    return row != NULL && text_is(&row->status, status);
}

uint16_t tls_matrix_newest(const struct observation *observation)
{
    for (size_t at = VERSIONS; at-- > 0;)
        if (row_is(observation, versions[at], status_offered))
            return versions[at];
    return 0;
}

// The three lists say the same as the rows, for conditions and tables.
static void lists_learn(struct observation *observation)
{
    static const struct {
        const char *status;
        size_t field;
    } lists[] = {
        {status_offered, FIELD_tls_versions},
        {status_refused, FIELD_tls_versions_refused},
        {status_unknown, FIELD_tls_versions_unknown},
    };
    for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
        const struct field *field = &tls_fields[lists[list].field];
        learn_list(observation, field);
        for (size_t at = 0; at < VERSIONS; at++) {
            const char *name = tls_version_name(versions[at]);
            if (row_is(observation, versions[at], lists[list].status))
                learn_name_in(observation, observation->tls, field, name, strlen(name), false);
        }
    }
}

static void constant_learn(struct observation *observation, void *row, const struct field *field, const char *text)
{
    learn_constant_in(observation, row, field, text, strlen(text));
}

// The row of a version with this status. What was offered once is offered, whatever another hello came to; a refusal
// says more than silence. NULL when what is known already counts for more.
static struct tls_version_observation *status_learn(struct observation *observation, uint16_t version,
                                                    const char *status, const char *reason)
{
    const char *name = tls_version_name(version);
    struct tls_version_observation *row = row_find(observation, name);
    if (row != NULL && status != status_offered &&
        (text_is(&row->status, status_offered) || (status == status_unknown && text_is(&row->status, status_refused))))
        return NULL;
    if (row == NULL) {
        row = learn_row(observation, FIELD(tls, matrix));
        if (row == NULL)
            return NULL;
        constant_learn(observation, row, FIELD(tls_version, version), name);
    }
    constant_learn(observation, row, FIELD(tls_version, status), status);
    row->known.reason = false;
    if (reason != NULL)
        constant_learn(observation, row, FIELD(tls_version, reason), reason);
    return row;
}

// True while a server that hung up over its first hello has not answered any other.
static bool unheard(const struct session *self)
{
    return (session_argument(self) >> UNHEARD_BIT & 1) != 0 && !is_tls(self->observation);
}

void tls_matrix_refused(struct session *self, uint16_t version, const char *reason)
{
    if (unheard(self))
        return;
    (void)status_learn(self->observation, version, status_refused, reason);
    lists_learn(self->observation);
}

static void group_learn(struct observation *observation, struct tls_version_observation *row, uint16_t group)
{
    uint16_t bits = 0;
    char number[8];
    const char *name = tls_group_name(group, &bits);
    if (name == NULL) {
        (void)snprintf(number, sizeof(number), "0x%04x", group);
        learn_text_in(observation, row, FIELD(tls_version, group), number, strlen(number));
        return;
    }
    constant_learn(observation, row, FIELD(tls_version, group), name);
    learn_number_in(observation, row, FIELD(tls_version, key_exchange_bits), bits);
}

static void cipher_learn(struct observation *observation, struct tls_version_observation *row, uint16_t cipher)
{
    char number[8];
    const char *name = tls_cipher_name(cipher);
    enum tls_exchange exchange = tls_cipher_exchange(cipher);
    (void)snprintf(number, sizeof(number), "0x%04x", cipher);
    if (name != NULL)
        constant_learn(observation, row, FIELD(tls_version, cipher), name);
    else
        learn_text_in(observation, row, FIELD(tls_version, cipher), number, strlen(number));
    if (exchange != TLS_EXCHANGE_UNKNOWN)
        learn_flag_in(observation, row, FIELD(tls_version, forward_secrecy), exchange >= TLS_EXCHANGE_DHE);
    const struct tls_observation *tls = observation->tls;
    if (exchange == TLS_EXCHANGE_RSA && tls->known.key_bits && text_is(&tls->key_type, "RSA"))
        learn_number_in(observation, row, FIELD(tls_version, key_exchange_bits), tls->key_bits);
}

void tls_matrix_alpn(struct session *self, struct bytes name)
{
    const struct tls_observation *tls = self->observation->tls;
    for (uint32_t at = 0; tls != NULL && tls->known.alpn && at < tls->alpn.count; at++)
        if (tls->alpn.names[at].length == name.length && memcmp(tls->alpn.names[at].data, name.data, name.length) == 0)
            return;
    learn_name(self->observation, FIELD(tls, alpn), name.data, name.length);
}

void tls_matrix_answered(struct session *self, const struct tls_server_hello *hello, uint16_t newest)
{
    struct observation *observation = self->observation;
    if (hello->version < TLS_SSL3 || hello->version > newest) {
        (void)status_learn(observation, newest, status_unknown, "another-version");
        lists_learn(observation);
        return;
    }
    struct tls_version_observation *row = status_learn(observation, hello->version, status_offered, NULL);
    if (row != NULL) {
        cipher_learn(observation, row, hello->cipher);
        if (hello->group != 0)
            group_learn(observation, row, hello->group);
    }
    for (size_t at = 0; at < VERSIONS; at++)
        if (versions[at] > hello->version && versions[at] <= newest)
            (void)status_learn(observation, versions[at], status_refused, "older-version");
    lists_learn(observation);
    // Only TLS 1.3 has these groups.
    if (hello->version < TLS_1_3 && newest == TLS_1_3)
        learn_flag(observation, FIELD(tls, post_quantum), false);
    if (hello->alpn.length > 0)
        tls_matrix_alpn(self, hello->alpn);
}

void tls_matrix_answered_ssl2(struct session *self, const struct tls_ssl2_server_hello *hello)
{
    struct tls_version_observation *row = status_learn(self->observation, TLS_SSL2, status_offered, NULL);
    struct bytes specs = hello->cipher_specs;
    const char *name = tls_ssl2_cipher_name(bytes_u24(&specs));
    if (row != NULL && name != NULL)
        constant_learn(self->observation, row, FIELD(tls_version, cipher), name);
    if (row != NULL)
        learn_flag_in(self->observation, row, FIELD(tls_version, forward_secrecy), false);
    lists_learn(self->observation);
}

// Version, cipher and extensions as decimal numbers, as the servers' half of JA3 has them.
static void ja3s_learn(struct observation *observation, const struct tls_server_hello *hello)
{
    char text[JA3S_TEXT_MAX];
    int length = snprintf(text, sizeof(text), "%u,%u,", hello->legacy_version, hello->cipher);
    for (size_t at = 0; at < hello->extension_count; at++)
        length +=
            snprintf(text + length, sizeof(text) - (size_t)length, "%s%u", at == 0 ? "" : "-", hello->extensions[at]);
    uint8_t digest[EVP_MAX_MD_SIZE];
    char hex[2 * MD5_BYTES + 1];
    if (EVP_Digest(text, (size_t)length, digest, NULL, EVP_md5(), NULL) != 1)
        return;
    for (size_t at = 0; at < MD5_BYTES; at++)
        (void)snprintf(hex + 2 * at, 3, "%02x", digest[at]);
    learn_word(observation, FIELD(tls, ja3s), hex);
    learn_word(observation, FIELD(tls, ja3s_text), text);
}

void tls_matrix_answered_first(struct session *self, const struct tls_server_hello *hello)
{
    tls_matrix_answered(self, hello, TLS_1_3);
    // The answer to a retry says nothing that the retry did not; one of the two is the fingerprint.
    if (!field_known(self->observation->tls, FIELD(tls, ja3s)))
        ja3s_learn(self->observation, hello);
}

static int64_t number_bits(struct bytes number)
{
    while (number.length > 0 && number.data[0] == 0)
        (void)bytes_u8(&number);
    int64_t bits = 8 * (int64_t)number.length;
    for (uint8_t top = number.length == 0 ? 0x80 : number.data[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

void tls_matrix_exchange(struct session *self, uint16_t version, uint16_t cipher, struct bytes body)
{
    enum { CURVE_TYPE_NAMED = 3 };
    const char *name = tls_version_name(version);
    struct tls_version_observation *row = name == NULL ? NULL : row_find(self->observation, name);
    enum tls_exchange exchange = tls_cipher_exchange(cipher);
    if (row == NULL)
        return;
    if (exchange == TLS_EXCHANGE_ECDHE || exchange == TLS_EXCHANGE_ECDH_ANON) {
        uint8_t type = bytes_u8(&body);
        uint16_t group = bytes_u16(&body);
        if (!body.failed && type == CURVE_TYPE_NAMED)
            group_learn(self->observation, row, group);
    } else if (exchange == TLS_EXCHANGE_DHE || exchange == TLS_EXCHANGE_DH_ANON ||
               exchange == TLS_EXCHANGE_RSA_EXPORT) {
        // The prime, or the modulus of the temporary key, stands first.
        struct bytes number = bytes_slice(&body, bytes_u16(&body));
        if (!number.failed)
            learn_number_in(self->observation, row, FIELD(tls_version, key_exchange_bits), number_bits(number));
        if (!number.failed && exchange != TLS_EXCHANGE_RSA_EXPORT)
            learn_number(self->observation, FIELD(tls, dh_bits), number_bits(number));
    }
}

void tls_matrix_exchange_first(struct session *self, struct bytes body)
{
    uint16_t version = tls_matrix_newest(self->observation);
    const struct tls_version_observation *row = version == 0 ? NULL : tls_matrix_row(self->observation, version);
    if (row != NULL && row->known.cipher)
        tls_matrix_exchange(self, version, tls_cipher_number(row->cipher.data), body);
}

enum tls_matrix_step tls_matrix_step(const struct session *self)
{
    return (enum tls_matrix_step)(session_argument(self) & STEP_MASK);
}

// True when a step can still teach something.
static bool step_open(const struct observation *observation, enum tls_matrix_step step)
{
    uint16_t version = step_version(step);
    if (step == TLS_STEP_PREFERENCE)
        return tls_matrix_newest(observation) > TLS_SSL2;
    if (step == TLS_STEP_HYBRID)
        return true;
    return !row_is(observation, version, status_offered) && !row_is(observation, version, status_refused);
}

// The alert with which a version was refused; "" when it was not an alert.
static const char *alert_of(const struct observation *observation, uint16_t version)
{
    const struct tls_version_observation *row = tls_matrix_row(observation, version);
    bool alert = row != NULL && text_is(&row->status, status_refused) && !text_is(&row->reason, "closed") &&
                 !text_is(&row->reason, "not-tls") && !text_is(&row->reason, "older-version");
    return alert ? text_of(&row->reason) : "";
}

// RFC 5246 appendix E.1: hellos of TLS 1.1 and 1.0 offer SSL 3.0 as well, and a server that negotiates, as one of
// TLS 1.3 has to, would have answered with it. One of TLS 1.2 has to have named the version as what is wrong, both
// times.
static void ssl3_infer(struct session *self)
{
    uint16_t newest = tls_matrix_newest(self->observation);
    const char *first = alert_of(self->observation, TLS_1_1);
    const char *second = alert_of(self->observation, TLS_1_0);
    bool named = strcmp(first, "protocol_version") == 0 && strcmp(second, first) == 0;
    if (first[0] != '\0' && second[0] != '\0' && (newest == TLS_1_3 || (newest == TLS_1_2 && named)))
        tls_matrix_refused(self, TLS_SSL3, second);
}

// What is asked next; NONE when all is known that can be. Which versions there are comes before how one of them
// chooses: an old server may leave us too few connections for all.
static enum tls_matrix_step step_next(const struct observation *observation, uint32_t left)
{
    static const enum tls_matrix_step order[] = {TLS_STEP_1_2,  TLS_STEP_1_1,        TLS_STEP_1_0,   TLS_STEP_SSL3,
                                                 TLS_STEP_SSL2, TLS_STEP_PREFERENCE, TLS_STEP_HYBRID};
    for (size_t at = 0; at < sizeof(order) / sizeof(order[0]); at++)
        if ((left & step_bit(order[at])) != 0 && step_open(observation, order[at]))
            return order[at];
    return TLS_STEP_NONE;
}

// flags: bits of the argument besides steps.
static void step_ask(struct session *self, uint32_t left, uint32_t silences, uint32_t flags)
{
    // Who says nothing twice is asked for no further version; how it chooses is another question.
    if (silences >= SILENCES_MOST)
        left &= step_bit(TLS_STEP_PREFERENCE) | step_bit(TLS_STEP_HYBRID);
    ssl3_infer(self);
    enum tls_matrix_step step = step_next(self->observation, left);
    if (step == TLS_STEP_NONE)
        return;
    struct errand errand = {.kind = ERRAND_MATRIX,
                            .first = &session_tls_version,
                            .argument = (left & ~step_bit(step)) | silences << SILENCES_AT | flags | (uint32_t)step};
    (void)session_ask(self, &errand);
}

// RSA's share of the exchange is the certificate's key, which may come after the choice, or on another connection.
static void rsa_learn(struct observation *observation)
{
    const struct tls_observation *tls = observation->tls;
    struct tls_version_observation *rows = tls == NULL ? NULL : tls->matrix.items;
    for (uint32_t at = 0; rows != NULL && at < tls->matrix.count; at++)
        if (rows[at].known.cipher && !rows[at].known.key_exchange_bits && tls->known.key_bits &&
            text_is(&tls->key_type, "RSA") &&
            tls_cipher_exchange(tls_cipher_number(rows[at].cipher.data)) == TLS_EXCHANGE_RSA)
            learn_number_in(observation, &rows[at], FIELD(tls_version, key_exchange_bits), tls->key_bits);
}

static uint32_t versions_left(void)
{
    uint32_t left = step_bit(TLS_STEP_PREFERENCE);
    for (enum tls_matrix_step step = TLS_STEP_1_2; step <= TLS_STEP_SSL2; step++)
        left |= step_bit(step);
    return left;
}

static void rest_learn(struct observation *observation)
{
    for (size_t at = 0; at < VERSIONS; at++)
        if (tls_matrix_row(observation, versions[at]) == NULL)
            (void)status_learn(observation, versions[at], status_unknown, "not-asked");
    lists_learn(observation);
}

void tls_matrix_begin_unheard(struct session *self)
{
    uint64_t others = session_trials(self)->asked & ~session_bit(&session_tls);
    if (!self->env->tls_matrix || self->below != NULL || others != 0 ||
        observation_service(self->observation)[0] != '\0')
        return;
    step_ask(self, versions_left() & ~step_bit(TLS_STEP_1_2), 0, UINT32_C(1) << UNHEARD_BIT);
}

void tls_matrix_heard(struct session *self)
{
    uint32_t argument = session_argument(self);
    if ((argument >> UNHEARD_BIT & 1) == 0)
        return;
    (void)status_learn(self->observation, TLS_1_3, status_refused, "closed");
    for (enum tls_matrix_step step = TLS_STEP_1_2; step <= TLS_STEP_SSL2; step++)
        if ((argument & step_bit(step)) == 0 && step != tls_matrix_step(self))
            (void)status_learn(self->observation, step_version(step), status_refused, "closed");
    rest_learn(self->observation);
}

void tls_matrix_begin(struct session *self)
{
    rsa_learn(self->observation);
    // Every version has a row once this was called.
    bool within = self->below != NULL && session_upgraded(self) == NULL; // TLS in TLS
    if (!self->env->tls_matrix || within || tls_matrix_row(self->observation, TLS_SSL2) != NULL)
        return;
    // An alert before any ServerHello refuses what only the first hellos have offered; the rest is asked for by itself.
    const struct tls_observation *tls = self->observation->tls;
    if (tls != NULL && tls->known.alert && !tls->known.matrix)
        tls_matrix_refused(self, TLS_1_3, tls->alert.data);
    rest_learn(self->observation);
    step_ask(self, versions_left(), 0, 0);
}

void tls_matrix_continue(struct session *self, bool silent, bool hybrid_only)
{
    uint32_t argument = session_argument(self);
    uint32_t silences = silent                                     ? (argument >> SILENCES_AT) + 1
                        : argument >> SILENCES_AT >= SILENCES_MOST ? SILENCES_MOST
                                                                   : 0;
    uint32_t left = argument & ((UINT32_C(1) << UNHEARD_BIT) - 1) & ~(uint32_t)STEP_MASK;
    uint16_t version = step_version(tls_matrix_step(self));
    rsa_learn(self->observation);
    if (silent && version != 0 && !unheard(self)) {
        (void)status_learn(self->observation, version, status_unknown, "silence");
        lists_learn(self->observation);
    }
    // Something else was recognised meanwhile.
    if (unheard(self) && observation_service(self->observation)[0] != '\0')
        return;
    step_ask(self, left | (hybrid_only ? step_bit(TLS_STEP_HYBRID) : 0), silences,
             argument & UINT32_C(1) << UNHEARD_BIT);
}
