// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/issue.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EVP_PKEY *issue_key(const char *type)
{
    if (strcmp(type, "RSA") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    if (strncmp(type, "EC", 2) == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", strcmp(type, "EC") == 0 ? "P-256" : type + 3);
    return EVP_PKEY_Q_keygen(NULL, NULL, type);
}

static void name_set(X509_NAME *name, const char *common)
{
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Lab, Inc.", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0);
}

static void extension_add(X509 *certificate, X509 *authority, const char *text)
{
    X509V3_CTX context;
    char name[64];
    size_t length = strcspn(text, "=");
    snprintf(name, sizeof(name), "%.*s", (int)length, text);
    X509V3_set_ctx(&context, authority, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf(NULL, &context, name, text + length + 1);
    // The key identifier of an authority that has none.
    if (extension == NULL && strncmp(text, "authorityKey", 12) == 0)
        return;
    if (extension == NULL) {
        fprintf(stderr, "%s\n", text);
        abort();
    }
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

X509 *issue_certificate(const struct issue *issue)
{
    static long serial;
    X509 *certificate = X509_new();
    X509_set_version(certificate, issue->old ? 0 : 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0x1234 + ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), issue->from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), issue->until);
    name_set(X509_get_subject_name(certificate), issue->subject);
    name_set(X509_get_issuer_name(certificate), issue->issuer);
    X509_set_pubkey(certificate, issue->key);
    for (size_t at = 0; at < ISSUE_EXTENSIONS_MAX && issue->extensions[at] != NULL; at++)
        extension_add(certificate, issue->authority == NULL ? certificate : issue->authority, issue->extensions[at]);
    bool own_hash = EVP_PKEY_is_a(issue->signer, "ED25519") || EVP_PKEY_is_a(issue->signer, "ED448");
    const EVP_MD *digest = EVP_get_digestbyname(issue->digest == NULL ? "SHA256" : issue->digest);
    if (X509_sign(certificate, issue->signer, own_hash ? NULL : digest) == 0)
        abort();
    return certificate;
}
