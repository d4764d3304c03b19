// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Records as `sonde export` and `sonde scan --format` write them: a format, fields, and a condition, read from options
// once and used for one reading.

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control/command/options.h"

#define EXPORTING_FORMAT_HELP "jsonl (by default), csv, sqlite (a file, table `record`), or xml as nmap -oX writes it"
#define EXPORTING_FORMATS     "jsonl csv sqlite xml"
#define EXPORTING_FIELDS_HELP "only these fields, like ip,port,ssh.methods (sonde help records)"
#define EXPORTING_FILTER_HELP "only records like 'service = ssh and ssh.methods has password'"

struct exporting_wish {
    const char *command; // "export", for messages
    const char *program; // argv[0], beside which the catalogues are
    const char *format;  // option values; NULL: not given
    const char *fields;
    const char *filter;
};

struct exporting;

// Reads the wish; what is wrong with it is said. Returns EXIT_DONE and one for exporting_free.
enum exit_status exporting_new(const struct exporting_wish *wish, struct exporting **ret_exporting);
void exporting_free(struct exporting *exporting);

// "csv", the name of its format.
const char *exporting_format(const struct exporting *exporting);

// Reads the records of these paths (control/record/records.h) and writes them to a file, whole or not at all, or to
// `out` where path is NULL. *ret_read is how many records there were. What goes wrong is said. One reading for each.
enum exit_status exporting_write(struct exporting *exporting, const char *const *paths, size_t path_count,
                                 const char *path, FILE *out, uint64_t *ret_read);
