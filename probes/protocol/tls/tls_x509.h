// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what we record of an ordinary certificate (RFC 5280), read in place in some microseconds. Ordinary is
// what authorities and servers make: DER, version 1 or 3, names of printable ASCII in well-known attributes, RSA, a
// NIST curve or Ed25519 and Ed448, alternative names that are DNS names, addresses, mail addresses or URIs. Whatever
// else there is takes the long way, through OpenSSL, with the same outcome (tls_certificate.h).

#include <stdbool.h>
#include <stdint.h>

#include "probes/bytes.h"
#include "probes/observation/observation.h"

enum tls_x509_key { TLS_X509_RSA = 0, TLS_X509_P256, TLS_X509_P384, TLS_X509_P521, TLS_X509_ED25519, TLS_X509_ED448 };

// How it is signed: of the kinds that are ordinary, the hash and the key it takes.
enum tls_x509_signing { TLS_X509_BY_RSA = 0, TLS_X509_BY_EC, TLS_X509_BY_ED25519, TLS_X509_BY_ED448 };

// Views into the certificate, which must outlive them.
struct tls_x509 {
    struct bytes content; // what is signed: TBSCertificate, whole
    struct bytes serial;  // of a number that is not negative, without leading zeros
    struct bytes issuer;  // the RDNSequence's body
    struct bytes subject;
    int64_t not_before;
    int64_t not_after;
    enum tls_x509_key key_kind;
    int key_bits;
    struct bytes key;        // point, or raw key; of RSA empty
    struct bytes modulus;    // of RSA, big-endian, without leading zeros
    struct bytes exponent;   // likewise
    struct bytes names;      // the body of GeneralNames; empty: none
    struct bytes extensions; // those of version 3, one behind the other; empty: none
    const char *signature_algorithm;
    enum tls_x509_signing signing;
    int digest_bits; // of the signature's SHA-2; 0: SHA-1, MD5, or a kind that has its own
    struct bytes signature;
};

// Reads a whole certificate. False when it is not ordinary, or nothing at all.
bool tls_x509_read(struct bytes certificate, struct tls_x509 *ret_x509);

// Whether subject and issuer are one name by RFC 5280 section 7.1: without regard to case, and to spaces but one
// between words.
bool tls_x509_self_issued(const struct tls_x509 *x509);

// Whether it is signed with a key of the kind that this one has, so that it can be its issuer's.
bool tls_x509_signing_fits(const struct tls_x509 *x509, enum tls_x509_key issuer);

// Writes down all it says but its digest and whether it is self-signed.
void tls_x509_learn(const struct tls_x509 *x509, struct observation *observation);

// The same as a row of tls.chain. NULL without memory; its digest is still to be written into it.
struct tls_certificate_observation *tls_x509_learn_row(const struct tls_x509 *x509, struct observation *observation);
