// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: alerts (RFC 8446 section 6).

#include <stddef.h>
#include <stdint.h>

enum tls_alert_level { TLS_ALERT_WARNING = 1, TLS_ALERT_FATAL = 2 };

enum tls_alert {
    TLS_ALERT_CLOSE_NOTIFY = 0,
    TLS_ALERT_UNEXPECTED_MESSAGE = 10,
    TLS_ALERT_BAD_RECORD_MAC = 20,
    TLS_ALERT_RECORD_OVERFLOW = 22,
    TLS_ALERT_BAD_CERTIFICATE = 42,
    TLS_ALERT_ILLEGAL_PARAMETER = 47,
    TLS_ALERT_ACCESS_DENIED = 49,
    TLS_ALERT_DECODE_ERROR = 50,
    TLS_ALERT_DECRYPT_ERROR = 51,
    TLS_ALERT_USER_CANCELED = 90,
    TLS_ALERT_UNRECOGNIZED_NAME = 112,
};

// What the RFCs call it; NULL when none of them has that code.
const char *tls_alert_name(uint8_t code);
