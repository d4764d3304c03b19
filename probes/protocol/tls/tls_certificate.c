// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_certificate.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static void text_of_bio(BIO *bio, char *ret_text, size_t size)
{
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    observation_text(ret_text, size, data, length > 0 ? (size_t)length : 0);
}

static void name_text(const X509_NAME *name, char *ret_text, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    // Bytes stay as they came: the record makes them printable.
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        text_of_bio(bio, ret_text, size);
    }
    BIO_free(bio);
}

static void hex_text(const uint8_t *data, size_t length, char *ret_text, size_t size)
{
    size_t written = 0;
    ret_text[0] = '\0';
    for (size_t at = 0; at < length && written + 2 < size; at++) {
        written += (size_t)snprintf(ret_text + written, size - written, "%02x", data[at]);
    }
}

static size_t address_text(const uint8_t *data, size_t length, char *ret_text, size_t size)
{
    int written = 0;
    if (length == 4) {
        written = snprintf(ret_text, size, "%u.%u.%u.%u", data[0], data[1], data[2], data[3]);
    }
    for (size_t at = 0; length == 16 && at < length; at += 2) {
        written += snprintf(ret_text + written, size - (size_t)written, "%s%x", at == 0 ? "" : ":",
                            (unsigned)data[at] << 8 | data[at + 1]);
    }
    return (size_t)written;
}

// DNS names and addresses, as many whole ones as fit.
static void sans_text(X509 *certificate, char *ret_text, size_t size)
{
    size_t written = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int at = 0; names != NULL && at < sk_GENERAL_NAME_num(names); at++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, at);
        char address[48];
        const char *text = NULL;
        size_t length = 0;
        if (name->type == GEN_DNS) {
            text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
            length = (size_t)ASN1_STRING_length(name->d.dNSName);
        } else if (name->type == GEN_IPADD) {
            length = address_text(ASN1_STRING_get0_data(name->d.iPAddress),
                                  (size_t)ASN1_STRING_length(name->d.iPAddress), address, sizeof(address));
            text = address;
        }
        if (length == 0 || length + 2 > size - written) {
            continue;
        }
        if (written > 0) {
            ret_text[written++] = ',';
        }
        observation_text(ret_text + written, size - written, text, length);
        written += strlen(ret_text + written);
    }
    GENERAL_NAMES_free(names);
}

// Seconds since the epoch. timegm would open /etc/localtime, and nothing may be opened here.
static int64_t time_seconds(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    int64_t result = 0;
    if (epoch != NULL && time != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1) {
        result = (int64_t)days * 86400 + seconds;
    }
    ASN1_TIME_free(epoch);
    return result;
}

static void serial_text(X509 *certificate, char *ret_text, size_t size)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    hex_text(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), ret_text, size);
}

static void key_observe(X509 *certificate, struct tls_observation *tls)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    tls->self_signed = X509_self_signed(certificate, 1) == 1;
    if (key == NULL) {
        return;
    }
    const char *type = EVP_PKEY_get0_type_name(key);
    if (type != NULL) {
        observation_text(tls->key_type, sizeof(tls->key_type), type, strlen(type));
    }
    int bits = EVP_PKEY_get_bits(key);
    tls->key_bits = bits > 0 ? (uint32_t)bits : 0;
}

void certificate_observe(X509 *certificate, struct tls_observation *tls)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length = 0;
    tls->certificate_present = true;
    name_text(X509_get_subject_name(certificate), tls->subject, sizeof(tls->subject));
    name_text(X509_get_issuer_name(certificate), tls->issuer, sizeof(tls->issuer));
    sans_text(certificate, tls->sans, sizeof(tls->sans));
    serial_text(certificate, tls->serial, sizeof(tls->serial));
    tls->not_before = time_seconds(X509_get0_notBefore(certificate));
    tls->not_after = time_seconds(X509_get0_notAfter(certificate));
    key_observe(certificate, tls);
    OBJ_obj2txt(tls->signature_algorithm, sizeof(tls->signature_algorithm),
                OBJ_nid2obj(X509_get_signature_nid(certificate)), 0);
    if (X509_digest(certificate, EVP_sha256(), digest, &digest_length) == 1) {
        hex_text(digest, digest_length, tls->sha256, sizeof(tls->sha256));
    }
}
