// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The rows of Ubuntu's feeds, which both its forms write: what its OVAL says of a CVE in a release, and its OSV.

#include "control/feeds/distribution.h"

struct ubuntu_row {
    const char *package; // source package
    uint32_t year;
    uint32_t number;
    const char *release;  // "xenial"
    const char *status;   // as in control/feeds/distribution.h
    const char *fixed;    // NULL unless "resolved"
    const char *advisory; // NULL when none is named
};

// Statements of one import.
struct ubuntu_rows {
    sqlite3_stmt *verdict;
    sqlite3_stmt *notice;
    struct complaint *complaint;
};

// form: "oval" or "osv", which keep each other's rows apart where one says nothing. Finish in any case.
int ubuntu_rows_begin(sqlite3 *database, const char *form, struct ubuntu_rows *ret_rows,
                      struct complaint *ret_complaint);
void ubuntu_rows_finish(struct ubuntu_rows *rows);

// Replaces what is there of this package, CVE and release, but for a notice that this row does not name.
int ubuntu_row_store(const struct ubuntu_rows *rows, const struct ubuntu_row *row);

// A notice (USN) that says in which version a CVE is fixed.
int ubuntu_notice_store(const struct ubuntu_rows *rows, const struct ubuntu_row *row);
