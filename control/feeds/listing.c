// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/listing.h"

#include <errno.h>
#include <string.h>

#include "config/prefix.h"
#include "control/feeds/feed.h"

enum { WIDEST = 8 }; // a shorter prefix is a mistake, not a listing

const char *listing_text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

// The name of a plain list is that of its file, up to the first dot.
static void feed_name(struct listing_parsing *parsing, const char *name)
{
    const char *slash = strrchr(parsing->input->name, '/');
    const char *file = slash == NULL ? parsing->input->name : slash + 1;
    const char *from = name != NULL ? name : file;
    size_t length = name != NULL ? strlen(name) : strcspn(file, ".");
    length = length < LISTING_NAME_BYTES - 1 ? length : LISTING_NAME_BYTES - 1;
    memcpy(parsing->feed, from, length);
    parsing->feed[length] = '\0';
}

int listing_store(struct listing_parsing *parsing, const struct listing *listing)
{
    struct interval interval;
    int error = prefix_parse(listing->value, &interval);
    if (error == -EAFNOSUPPORT)
        return 0;
    if (error != 0 && error != -ERANGE)
        return feed_complain(parsing->input, "\"%.60s\" is no address or network", listing->value);
    if (interval.last - interval.first >= UINT32_MAX >> WIDEST)
        return feed_complain(parsing->input, "\"%.60s\" is wider than a /%d: that is no listing", listing->value,
                             WIDEST);
    sqlite3_stmt *insert = parsing->insert;
    (void)sqlite3_bind_text(insert, 1, parsing->feed, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(insert, 2, interval.first);
    (void)sqlite3_bind_int64(insert, 3, interval.last);
    (void)sqlite3_bind_text(insert, 4, listing->category == NULL ? "" : listing->category, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(insert, 5, listing->from);
    (void)sqlite3_bind_int64(insert, 6, listing->until);
    (void)(listing->confidence < 0 ? sqlite3_bind_null(insert, 7) : sqlite3_bind_int(insert, 7, listing->confidence));
    (void)sqlite3_bind_text(insert, 8, listing->value, -1, SQLITE_TRANSIENT);
    return feed_step(parsing->database, insert, parsing->complaint);
}

// A feed's file takes the place of what the feed said before.
int listing_parsing_begin(struct listing_parsing *parsing, const char *name)
{
    sqlite3_stmt *forget = NULL;
    feed_name(parsing, name);
    int error = feed_prepare(parsing->database, "DELETE FROM listing WHERE feed = ?", &forget, parsing->complaint);
    if (error == 0) {
        (void)sqlite3_bind_text(forget, 1, parsing->feed, -1, SQLITE_STATIC);
        error = feed_step(parsing->database, forget, parsing->complaint);
    }
    (void)sqlite3_finalize(forget);
    return error == 0 ? feed_prepare(parsing->database, "INSERT OR REPLACE INTO listing VALUES(?,?,?,?,?,?,?,?)",
                                     &parsing->insert, parsing->complaint)
                      : error;
}

int listing_json_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint, const char *name,
                       struct json_stream_use use)
{
    struct listing_parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    int error = listing_parsing_begin(&parsing, name);
    use.context = &parsing;
    if (error == 0)
        error = json_stream_read(input, &use);
    (void)sqlite3_finalize(parsing.insert);
    return error;
}

bool listing_head_holds(const char *head, size_t length, const char *text)
{
    return memmem(head, length, text, strlen(text)) != NULL;
}
