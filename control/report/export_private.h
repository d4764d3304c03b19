// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the formats of export.h share.

#include "control/report/export.h"
#include "control/report/export_sqlite.h"

// What a record says of its port; the most of a host's ports is what its host is known by.
enum export_state { EXPORT_UNREACHABLE = 0, EXPORT_CLOSED, EXPORT_OPEN };

// One port as an element of XML, and whose it is.
struct export_port {
    uint64_t key; // address and port
    char *xml;
    uint8_t state; // enum export_state
    char *name;    // the host's, NULL: it was asked by its address
};

struct export
{
    enum export_format format;
    struct export_field fields[EXPORT_FIELDS_MAX];
    size_t field_count;
    bool whole; // no fields were asked for
    const char *arguments;
    FILE *out;
    char *line; // RECORD_BYTES_MAX
    struct export_port *ports;
    size_t port_count;
    size_t port_capacity;
    int64_t first_ms; // of the records, 0 = none
    int64_t last_ms;
    const char *path;             // of a SQLite file
    struct export_sqlite *sqlite; // NULL before export_begin
};

int export_xml_record(struct export *export, const struct observation *observation);
void export_xml_end(struct export *export);
