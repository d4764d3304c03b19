// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_chain.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>
#include <strings.h>

#include "probes/protocol/tls/tls_measure.h"
#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_leaf.h"
#include "probes/protocol/tls/tls_verdict.h"
#include "probes/session/dear.h"
#include "probes/session/env.h"

// What of a chain is written down, and remembered of it.
static const struct field *const chain_fields[] = {
    FIELD(tls, subject),     FIELD(tls, issuer),    FIELD(tls, sans),         FIELD(tls, serial),
    FIELD(tls, not_before),  FIELD(tls, not_after), FIELD(tls, key_type),     FIELD(tls, key_bits),
    FIELD(tls, sha256),      FIELD(tls, chain),     FIELD(tls, chain_length), FIELD(tls, signature_algorithm),
    FIELD(tls, self_signed), FIELD(tls, trusted),   FIELD(tls, trust_error),  FIELD(tls, refused),
};

static void field_copy(struct observation *to, void *to_part, const void *from_part, const struct field *field)
{
    const void *value = field_value_const(from_part, field);
    const struct text *text = value;
    const struct list *list = value;
    const struct rows *rows = value;
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        learn_text_in(to, to_part, field, text->data, text->length);
        break;
    case FIELD_FLAG:
        learn_flag_in(to, to_part, field, *(const bool *)value);
        break;
    case FIELD_LIST:
        learn_list_in(to, to_part, field);
        for (uint32_t at = 0; at < list->count; at++)
            learn_name_in(to, to_part, field, list->names[at].data, list->names[at].length, true);
        break;
    case FIELD_ROWS:
        *(struct rows *)field_value(to_part, field) = (struct rows){0};
        for (uint32_t at = 0; at < rows->count; at++) {
            const uint8_t *from_row = (const uint8_t *)rows->items + field->nested->bytes * at;
            void *row = learn_row_in(to, to_part, field);
            for (size_t of = 0; row != NULL && of < field->nested->field_count; of++)
                if (field_known(from_row, &field->nested->fields[of]))
                    field_copy(to, row, from_row, &field->nested->fields[of]);
        }
        break;
    default:
        learn_number_in(to, to_part, field, *(const int64_t *)value);
        break;
    }
    if (field_cut(from_part, field))
        *(bool *)((uint8_t *)to_part + field->cut) = true;
}

// Whether an alternative name is that of the host: the same, or a wildcard instead of its first label (RFC 6125 section
// 6.4.3). Case does not matter.
static bool name_is(const struct text *pattern, const char *name)
{
    size_t length = strlen(name);
    const char *rest = strchr(name, '.');
    if (pattern->length == length && strncasecmp(pattern->data, name, length) == 0)
        return true;
    size_t rest_length = rest == NULL ? 0 : strlen(rest);
    return rest_length > 1 && pattern->length == rest_length + 1 && pattern->data[0] == '*' &&
           strncasecmp(pattern->data + 1, rest, rest_length) == 0;
}

static bool names_have(const struct list *names, const char *name)
{
    for (uint32_t at = 0; at < names->count; at++)
        if (name_is(&names->names[at], name))
            return true;
    return false;
}

// The host's name as one of the alternative names, or its address where it was asked by that alone (RFC 2818 section
// 3.1).
static void name_learn(struct session *self)
{
    const struct address address = {
        .family = 4,
        .bytes = {(uint8_t)(self->address >> 24), (uint8_t)(self->address >> 16), (uint8_t)(self->address >> 8),
                  (uint8_t)self->address},
    };
    char text[ADDRESS_TEXT_MAX];
    const struct tls_observation *tls = self->observation->tls;
    if (address_print(&address, text) == 0 || !tls->known.sans)
        return;
    bool fits = self->name != NULL ? names_have(&tls->sans, self->name) : list_has(&tls->sans, text);
    if (fits || !tls->cut.sans)
        learn_flag(self->observation, FIELD(tls, name_fits), fits);
}

static void chain_copy(struct session *self, const struct tls_observation *from)
{
    void *part = observation_part(self->observation, PART_tls);
    if (part == NULL || from == NULL)
        return;
    for (size_t at = 0; at < sizeof(chain_fields) / sizeof(chain_fields[0]); at++)
        if (field_known(from, chain_fields[at]))
            field_copy(self->observation, part, from, chain_fields[at]);
    name_learn(self);
}

// RFC 3279 section 2.3.5: a curve that is spelt out, on which to decode a point is dear (tls_bounds.h).
static bool curve_is_own(struct bytes list)
{
    static const uint8_t field_type[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01};
    return list.length > 0 && memmem(list.data, list.length, field_type, sizeof(field_type)) != NULL;
}

// How many certificates there are; false when the lengths do not fit.
static bool certificates_count(struct bytes list, bool since_13, size_t *ret_count)
{
    size_t count = 0;
    for (; list.length > 0 && !list.failed; count++) {
        struct bytes certificate = bytes_slice(&list, bytes_u24(&list));
        if (since_13)
            (void)bytes_slice(&list, bytes_u16(&list));
        list.failed = list.failed || certificate.failed;
    }
    *ret_count = count;
    return !list.failed;
}

// Decodes them all, and writes down what each says. NULL when one of them is none, or has a key that is too dear; then
// none of them is verified.
static STACK_OF(X509) *
    certificates_decode(struct tls_kit *kit, struct bytes list, bool since_13, struct observation *observation)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    bool good = certificates != NULL;
    while (list.length > 0) {
        struct bytes der = bytes_slice(&list, bytes_u24(&list));
        if (since_13)
            (void)bytes_slice(&list, bytes_u16(&list));
        const uint8_t *at = der.data;
        X509 *certificate = d2i_X509(NULL, &at, (long)der.length);
        if (certificate == NULL) {
            good = false;
            continue;
        }
        if (!field_known(observation->tls, FIELD(tls, chain)))
            (void)tls_leaf_learn(kit, der, observation);
        certificate_observe_row(certificate, observation);
        const EVP_PKEY *key = X509_get0_pubkey(certificate);
        bool dear = key == NULL || dear_key(key);
        if (key != NULL && dear)
            learn_constant(observation, FIELD(tls, refused), "key");
        good = good && !dear && sk_X509_push(certificates, certificate) > 0;
        if (!good)
            X509_free(certificate);
    }
    if (!good) {
        sk_X509_pop_free(certificates, X509_free);
        certificates = NULL;
    }
    return certificates;
}

// All that a chain teaches, where every certificate is ordinary and what comes of it is known without OpenSSL.
static bool chain_read_short(struct session_env *env, struct bytes certificate, const struct tls_rest *rest,
                             struct observation *observation)
{
    struct tls_leaf leaf;
    struct trust_verdict verdict;
    if (!tls_leaf_open(env->kit, certificate, &leaf) || leaf.key->dear ||
        !tls_verdict_decide(env->kit, env->trust, &leaf, rest, &verdict))
        return false;
    tls_leaf_write(&leaf, observation);
    tls_leaf_write_row(&leaf.x509, leaf.digest, observation);
    for (struct tls_rest left = *rest; left.list.length > 0;) {
        struct tls_x509 one;
        uint8_t digest[TLS_DIGEST_BYTES];
        struct bytes der = tls_rest_next(&left);
        if (tls_x509_read(der, &one) && tls_kit_digest(env->kit, TLS_SHA256, der.data, der.length, digest))
            tls_leaf_write_row(&one, digest, observation);
    }
    trust_verdict_learn(&verdict, observation);
    return true;
}

static void chain_read(struct session_env *env, struct bytes list, bool since_13, struct observation *observation)
{
    size_t count = 0;
    struct tls_rest rest;
    struct bytes first;
    if (!certificates_count(list, since_13, &count))
        return;
    learn_number(observation, FIELD(tls, chain_length), (int64_t)count);
    if (count > TLS_CERTIFICATES_MAX || list.length > TLS_CERTIFICATE_BYTES_MAX || curve_is_own(list)) {
        learn_constant(observation, FIELD(tls, refused), curve_is_own(list) ? "own-curve" : "chain");
        return;
    }
    if (!tls_rest_open(env->kit, list, since_13, &first, &rest)) {
        observation->failed = true;
        return;
    }
    if (chain_read_short(env, first, &rest, observation))
        return;
    STACK_OF(X509) *certificates = certificates_decode(env->kit, list, since_13, observation);
    if (certificates != NULL) {
        struct trust_verdict verdict = trust_verify(env->trust, certificates);
        trust_verdict_learn(&verdict, observation);
        tls_verdict_remember(env->kit, first, &rest, &verdict);
        trust_verdict_fini(&verdict);
    }
    sk_X509_pop_free(certificates, X509_free);
}

// True when OpenSSL had no memory since its errors were cleared: what is missing then is not what the server lacks.
static bool shortage(void)
{
    bool short_of = false;
    unsigned long error;
    while ((error = ERR_get_error()) != 0)
        short_of = short_of || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    return short_of;
}

void chain_observe(struct session *self, struct bytes list, bool since_13)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct tls_trust *trust = self->env->trust;
    ERR_clear_error();
    if (list.failed || list.length == 0)
        return;
    if (!tls_kit_digest(self->env->kit, TLS_SHA256, list.data, list.length, digest)) {
        self->observation->failed = true;
        return;
    }
    const struct tls_observation *known = trust_recall(trust, digest);
    if (known == NULL) {
        struct observation *place = trust_remember(trust, digest);
        chain_read(self->env, list, since_13, place);
        if (place->failed || shortage()) {
            self->observation->failed = true;
            trust_forget(trust, place);
            return;
        }
        known = place->tls;
    }
    chain_copy(self, known);
}

void chain_observe_message(struct session *self, struct bytes body, bool since_13)
{
    if (since_13)
        (void)bytes_slice(&body, bytes_u8(&body));
    chain_observe(self, bytes_slice(&body, bytes_u24(&body)), since_13);
}

void chain_observe_one(struct session *self, struct bytes certificate)
{
    uint8_t list[3 + UINT16_MAX];
    if (certificate.length > UINT16_MAX)
        return;
    list[0] = 0;
    list[1] = (uint8_t)(certificate.length >> 8);
    list[2] = (uint8_t)certificate.length;
    memcpy(list + 3, certificate.data, certificate.length);
    chain_observe(self, bytes_of(list, 3 + certificate.length), false);
}
