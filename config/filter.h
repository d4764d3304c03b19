// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Conditions as people type them, made into those of findings (config/condition_load.h):
//
//   service = ssh and ssh.methods has "password"
//   not (open or tls.version in (SSLv3, TLSv1)) and http.title known
//   ip in (10.0.0.0/8, 192.0.2.1-192.0.2.9)
//
//   expression  term { "or" term }
//   term        factor { "and" factor }
//   factor      "not" factor | "(" expression ")" | FIELD [ test ]
//   test        "=" value | "!=" value | "known" | "sensitive" | "in" "(" value { "," value } ")"
//               | ( "has" | "starts" | "contains" | "below" | "<" | "above" | ">" | "before" | "after" ) value
//   value       a word, a number, true, false, or a text in double quotes, in which \" and \\ stand for themselves
//
// A field alone is a flag that is true.

#include <jansson.h>

#include "config/keys.h"

enum { FILTER_DEPTH_MAX = 16 };

// Reads an expression, or JSON where the text begins with a brace. Returns 0 and an object for json_decref, -EINVAL
// with a complaint that says at which character, or -ENOMEM. Whether fields and tests exist is condition_read's to say.
int filter_parse(const char *text, json_t **ret_condition, struct complaint *ret_complaint);
