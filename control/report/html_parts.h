// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The parts of a report's page besides the tables of the study.

#include "control/report/html.h"

// A part for every value of the study's main columns (its providers, or what --by names), beside all together.
void html_groups(const struct html_report *report, FILE *out);

// Whether html_groups has anything to say, and by what: "provider".
const char *html_groups_by(const struct html_report *report);

// The worst hosts in a table, and each with its services, findings, what they rest on and what to do.
void html_hosts(const struct html_report *report, FILE *out);

// Every finding that the records have: how many hosts have it, what it means and what to do.
void html_remedies(const struct html_report *report, FILE *out);

// How it was counted, and what it cannot say.
void html_method(const struct html_report *report, FILE *out);

// The scans, and the feeds by which vulnerabilities were judged.
void html_sources(const struct html_report *report, FILE *out);
