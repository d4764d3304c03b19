// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// config/cpe.json: products that NVD knows by several names, under the one that products.json uses, the source packages
// that distributions make of them, and CVEs that are
// of the client's side of a product whose server we see.

#include <stdbool.h>
#include <stdint.h>

#include "config/keys.h"

struct cpe_names {
    json_t *aliases;     // "vendor:name" -> "vendor:name"
    json_t *packages;    // "vendor:name" -> its source package in Debian and Ubuntu
    json_t *client_only; // set of "CVE-..."
};

// Returns 0, or -EINVAL or -ENOMEM with a complaint.
int cpe_names_load(const char *path, struct cpe_names *ret_names, struct complaint *ret_complaint);
void cpe_names_fini(struct cpe_names *names);

// The names as products.json has them: into the same rooms, of 256 bytes each.
void cpe_names_canonical(const struct cpe_names *names, char *vendor, char *name);

// The source package of a product, "" when it is not known.
const char *cpe_names_package(const struct cpe_names *names, const char *vendor, const char *name);

bool cpe_names_client_only(const struct cpe_names *names, const char *cve);
