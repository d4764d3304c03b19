// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The frame of a page for a browser, and text in it. The page is one file: its style and its scripts stand in it, each
// named by digest in its Content-Security-Policy (CSP Level 3, 2.3.1), which forbids everything else, so that nothing a
// host chose can run in it and nothing is loaded. Write errors stay in the stream.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

// Everything up to and with <body>. Returns 0 or -ENOMEM.
int html_page_begin(const char *title, FILE *out);

// The scripts, whose libraries they are, and the end.
void html_page_end(FILE *out);

// Whole pages: opens the file, has it written by `write`, and closes it (control/report/output_file.h). Returns 0, or
// -errno with "PATH: why" in message.
int html_page_save(const char *path, int write(const void *context, FILE *out), const void *context,
                   char message[static 512]);

// Text of strangers: first as on a terminal (no control characters, no marks that turn the direction of writing), then
// with the five characters that mean something in HTML as entities, in text and in quoted attributes. At most 400 bytes
// of it; "..." says that there were more.
void html_text(FILE *out, const char *bytes, size_t length);
void html_words(FILE *out, const char *text);

// "41,797,240" between two texts of ours.
void html_count(FILE *out, const char *before, uint64_t count, const char *after);

// <li> of a sentence; of wording_take's form.
void html_item(void *out, const char *sentence);

// Around a table of this id: a region that scrolls by itself and by keyboard. `named` names it to who hears the page.
void html_table_begin(FILE *out, const char *id, const char *classes, const char *named);
void html_table_end(FILE *out);

// <dt> and <dd> of a list of facts.
void html_fact(FILE *out, const char *name, const char *text);
