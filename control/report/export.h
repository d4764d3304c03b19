// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Records for other programs: JSON Lines, CSV, a SQLite file, and the XML of nmap -oX, whose consumers read it. Records
// go in one by one; a writer holds no more than a line, but for XML, which has all ports of a host in one element.

#include <stddef.h>
#include <stdio.h>

#include "probes/observation/observation.h"

enum { EXPORT_FIELDS_MAX = 64, EXPORT_XML_PORTS_MAX = 2000000, EXPORT_PATH_MAX = 96 };

enum export_format { EXPORT_JSONL = 0, EXPORT_CSV, EXPORT_XML, EXPORT_SQLITE, EXPORT_FORMATS };
extern const char *const export_format_names[EXPORT_FORMATS];

struct export_field {
    char path[EXPORT_PATH_MAX];
    const struct field *field;
};

struct export;

// Where it goes, and what it is told of that.
struct export_place {
    FILE *out;
    const char *path;      // of the empty file that SQLite makes a database of; out is not written to then
    const char *arguments; // what the command was called with, for XML
};

// fields: in this order, but for XML; none: everything, and of CSV and SQLite what most people want, beside which
// SQLite has everything in one column more. What place points at has to live as long. NULL without memory.
struct export *export_new(enum export_format format, const struct export_field *fields, size_t field_count,
                          const struct export_place *place);
void export_free(struct export *export);

// Writes what comes before all records, one record, and what comes after them. Each returns 0, -ENOMEM, -E2BIG for
// more than EXPORT_XML_PORTS_MAX ports in XML, -ENOSPC or -EIO of a SQLite file; errors of the stream are the caller's
// to look at.
int export_begin(struct export *export);
int export_record(struct export *export, const struct observation *observation);
int export_end(struct export *export);
