// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: distinguished names of certificates (RFC 5280 section 4.1.2.4), those that are ordinary: one
// attribute at a time, of a kind with a name of its own, in printable ASCII. Any thread.

#include <stdbool.h>
#include <stddef.h>

#include "probes/bytes.h"

enum { TLS_X509_NAME_TEXT_MAX = 1024, TLS_X509_NAME_CANON_MAX = 2048 };

// Whether an OBJECT IDENTIFIER's body is well-formed (X.690 section 8.19).
bool tls_x509_object_ordinary(struct bytes id);

// Whether an RDNSequence's body is ordinary, and its text not longer than TLS_X509_NAME_TEXT_MAX.
bool tls_x509_name_ordinary(struct bytes name);

// Of two ordinary ones, whether they are the same without regard to case, and to spaces but one between words.
bool tls_x509_name_equal(struct bytes one, struct bytes other);

// Writes an ordinary one as RFC 2253 has it, the last attribute first. Returns the length.
size_t tls_x509_name_print(struct bytes name, char ret_text[static TLS_X509_NAME_TEXT_MAX]);

// Writes an ordinary one in the form in which they are compared, as OpenSSL has it: each attribute as DER, its value in
// UTF-8 without regard to case and superfluous spaces. Two names are the same when these bytes are. Returns the length.
size_t tls_x509_name_canon(struct bytes name, uint8_t ret_canon[static TLS_X509_NAME_CANON_MAX]);
