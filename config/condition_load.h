// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Reads conditions, the `when` of a finding, into the rows of config/image/catalogue.h:
//
//   {"ssh.methods": {"has": "password"}, "tunnel": {"known": false}}      all members have to hold
//   {"tls.version": ["SSLv3", "TLSv1"]}                                   one of these
//   {"any": [{...}, {...}]}  {"all": [...]}  {"none": [...]}              combinations
//   {"tls.not_after": {"before": "now"}}  {"http.location": {"not": {"starts": "https:"}}}
//
// Tests: is, not, in, known, has, starts, contains, below, above, before, after, sensitive, some. Checked against the
// fields of probes/observation: an unknown one is a complaint with its nearest neighbour, and so is a test that does
// not go with the field's kind.

#include "config/image/catalogue.h"
#include "config/image_build.h"
#include "config/keys.h"
#include "probes/observation/parts.h"

struct condition_list {
    struct catalogue_condition *nodes;
    size_t count;
};

// Appends the condition at path as one node with its children. Returns 0, or -EINVAL with a complaint, or -ENOMEM; the
// list is the caller's in any case.
int condition_read(struct key_context *context, const char *path, const json_t *value, struct string_table *strings,
                   struct condition_list *list);

// The complaint about a field that does not exist. Returns -EINVAL.
int condition_unknown_field(const struct key_context *context, const char *path, const char *name);
