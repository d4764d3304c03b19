// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_certificate.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "probes/session/dear.h"

enum { SERIAL_BYTES_MAX = 31 };

static void name_learn_in(struct observation *observation, void *part, const struct field *field, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    // Bytes stay as they came: the record makes them printable.
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        char *data = NULL;
        long length = BIO_get_mem_data(bio, &data);
        learn_text_in(observation, part, field, data, length > 0 ? (size_t)length : 0);
    }
    BIO_free(bio);
}

static void name_learn(struct observation *observation, const struct field *field, const X509_NAME *name)
{
    void *part = observation_part(observation, PART_tls);
    if (part != NULL)
        name_learn_in(observation, part, field, name);
}

static void hex_text(const uint8_t *data, size_t length, char *ret_text, size_t size)
{
    size_t written = 0;
    ret_text[0] = '\0';
    for (size_t at = 0; at < length && written + 2 < size; at++)
        written += (size_t)snprintf(ret_text + written, size - written, "%02x", data[at]);
}

// DNS names and addresses, as many whole ones as fit. Of an extension that cannot be read nothing is known, also not
// that it has none.
static void sans_learn(struct observation *observation, X509 *certificate)
{
    int critical = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
    if (names == NULL && critical != -1)
        return;
    learn_list(observation, FIELD(tls, sans));
    for (int at = 0; names != NULL && at < sk_GENERAL_NAME_num(names); at++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, at);
        if (name->type == GEN_DNS) {
            learn_name(observation, FIELD(tls, sans), ASN1_STRING_get0_data(name->d.dNSName),
                       (size_t)ASN1_STRING_length(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            size_t bytes = (size_t)ASN1_STRING_length(name->d.iPAddress);
            struct address address = {.family = bytes == 4 ? 4 : bytes == 16 ? 6 : 0};
            char text[ADDRESS_TEXT_MAX];
            memcpy(address.bytes, ASN1_STRING_get0_data(name->d.iPAddress), address.family == 0 ? 0 : bytes);
            size_t length = address_print(&address, text);
            if (length > 0)
                learn_name(observation, FIELD(tls, sans), text, length);
        }
    }
    GENERAL_NAMES_free(names);
}

// timegm would open /etc/localtime, and nothing may be opened here.
bool certificate_seconds(const ASN1_TIME *time, int64_t *ret_seconds)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    bool known = epoch != NULL && time != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
    ASN1_TIME_free(epoch);
    if (known)
        *ret_seconds = (int64_t)days * 86400 + seconds;
    return known;
}

static void time_learn(struct observation *observation, const struct field *field, const ASN1_TIME *time)
{
    int64_t seconds = 0;
    if (certificate_seconds(time, &seconds))
        learn_number(observation, field, seconds);
}

// RFC 5280 section 4.1.2.2 forbids negative ones, and there are some: OpenSSL keeps the sign apart from the number.
static void serial_learn(struct observation *observation, X509 *certificate)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    char text[1 + 2 * (SERIAL_BYTES_MAX + 1) + 1] = "-"; // a byte more than the field keeps
    size_t sign = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0 ? 1 : 0;
    hex_text(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), text + sign, sizeof(text) - sign);
    learn_word(observation, FIELD(tls, serial), text);
}

static void key_learn(struct observation *observation, X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    // Below 0 it could not be judged, or is too dear to be; then the names say at least whether it wants to be.
    int own = key != NULL && dear_key(key) ? -1 : X509_self_signed(certificate, 1);
    if (own >= 0 || X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) != 0)
        learn_flag(observation, FIELD(tls, self_signed), own == 1);
    if (key == NULL)
        return;
    const char *type = EVP_PKEY_get0_type_name(key);
    if (type != NULL)
        learn_word(observation, FIELD(tls, key_type), type);
    int bits = EVP_PKEY_get_bits(key);
    if (bits > 0)
        learn_number(observation, FIELD(tls, key_bits), bits);
}

void certificate_observe(X509 *certificate, struct observation *observation)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length = 0;
    char text[2 * EVP_MAX_MD_SIZE + 1];
    name_learn(observation, FIELD(tls, subject), X509_get_subject_name(certificate));
    name_learn(observation, FIELD(tls, issuer), X509_get_issuer_name(certificate));
    sans_learn(observation, certificate);
    serial_learn(observation, certificate);
    time_learn(observation, FIELD(tls, not_before), X509_get0_notBefore(certificate));
    time_learn(observation, FIELD(tls, not_after), X509_get0_notAfter(certificate));
    key_learn(observation, certificate);
    if (OBJ_obj2txt(text, sizeof(text), OBJ_nid2obj(X509_get_signature_nid(certificate)), 0) > 0)
        learn_word(observation, FIELD(tls, signature_algorithm), text);
    if (X509_digest(certificate, EVP_sha256(), digest, &digest_length) == 1) {
        hex_text(digest, digest_length, text, sizeof(text));
        learn_word(observation, FIELD(tls, sha256), text);
    }
}

void certificate_observe_row(X509 *certificate, struct observation *observation)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length = 0;
    char text[2 * EVP_MAX_MD_SIZE + 1];
    int64_t seconds = 0;
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const X509_NAME *issuer = X509_get_issuer_name(certificate);
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    struct tls_certificate_observation *row = learn_row(observation, FIELD(tls, chain));
    if (row == NULL)
        return;
    name_learn_in(observation, row, FIELD(tls_certificate, subject), subject);
    name_learn_in(observation, row, FIELD(tls_certificate, issuer), issuer);
    learn_flag_in(observation, row, FIELD(tls_certificate, self_issued), X509_NAME_cmp(subject, issuer) == 0);
    if (certificate_seconds(X509_get0_notBefore(certificate), &seconds))
        learn_number_in(observation, row, FIELD(tls_certificate, not_before), seconds);
    if (certificate_seconds(X509_get0_notAfter(certificate), &seconds))
        learn_number_in(observation, row, FIELD(tls_certificate, not_after), seconds);
    if (type != NULL)
        learn_text_in(observation, row, FIELD(tls_certificate, key_type), type, strlen(type));
    if (key != NULL && EVP_PKEY_get_bits(key) > 0)
        learn_number_in(observation, row, FIELD(tls_certificate, key_bits), EVP_PKEY_get_bits(key));
    if (OBJ_obj2txt(text, sizeof(text), OBJ_nid2obj(X509_get_signature_nid(certificate)), 0) > 0)
        learn_text_in(observation, row, FIELD(tls_certificate, signature_algorithm), text, strlen(text));
    if (X509_digest(certificate, EVP_sha256(), digest, &digest_length) == 1) {
        hex_text(digest, digest_length, text, sizeof(text));
        learn_text_in(observation, row, FIELD(tls_certificate, sha256), text, strlen(text));
    }
}
