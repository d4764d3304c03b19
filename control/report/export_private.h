// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the formats of export.h share.

#include "control/report/export.h"

// One port as an element of XML, and whose it is.
struct export_port {
    uint64_t key; // address and port
    char *xml;
};

struct export
{
    enum export_format format;
    struct export_field fields[EXPORT_FIELDS_MAX];
    size_t field_count;
    const char *arguments;
    FILE *out;
    char *line; // RECORD_BYTES_MAX
    struct export_port *ports;
    size_t port_count;
    size_t port_capacity;
    int64_t first_ms; // of the records, 0 = none
    int64_t last_ms;
};

int export_xml_record(struct export *export, const struct observation *observation);
void export_xml_end(struct export *export);
