// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// News of a watch, posted to a URL as JSON (application/json):
//
//   {"text": "sonde: news in FOLDER: 2 appeared, 1 changed", "folder": .., "left_off": N, "difference": {..}}
//
// `text` is what chat programs show; `difference` is what `sonde diff --json` says, with at most WEBHOOK_CHANGES_MAX of
// its changes, and left_off those beyond.

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum { WEBHOOK_CHANGES_MAX = 100, WEBHOOK_MESSAGE_BYTES = 512 };

// NULL for a URL of http or https with a host; else what is wrong with it.
const char *webhook_refuses(const char *url);

// What is posted: a new object, or NULL without memory. difference is that of `sonde diff --json`.
json_t *webhook_body(const char *folder, const json_t *difference);

// Posts the body, following no redirect, and passes over what is answered. A server that cannot be reached or says 429
// or 5xx is asked three times in all, a few seconds apart; each time may take half a minute. Returns 0, or -errno with
// what was wrong in message: -ENOMEM, -EHOSTUNREACH, or -EPROTO for an answer that is not 2xx.
int webhook_post(const char *url, const json_t *body, char message[static WEBHOOK_MESSAGE_BYTES]);
