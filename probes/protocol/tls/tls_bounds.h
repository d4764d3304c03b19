// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what a server shows is measured before OpenSSL computes with it, and what is too dear
// (session/dear.h) is refused and recorded. OpenSSL checks a group's numbers, decodes every certificate and verifies
// signatures by itself, so each is caught where its size is first known.

#include <openssl/ssl.h>
#include <stdbool.h>

#include "probes/protocol/tls/tls_measure.h"

// Sets up a context whose sessions have a struct session as their app data: bounds the groups that are offered, the
// certificates that are read, and the numbers in them. False on failure.
bool bounds_set(SSL_CTX *context);
