// SPDX-License-Identifier: BSD-3-Clause
// sonde feeds: what others publish about vulnerabilities, made into what classification maps.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/report/columns.h"
#include "control/command/json_output.h"
#include "control/command/planfile.h"
#include "control/command/subcommands.h"
#include "control/feeds/feeds.h"
#include "control/feeds/fetch.h"
#include "control/feeds/update.h"
#include "config/figures.h"

enum {
    FEEDS_DIR,
    FEEDS_JSON,
    FEEDS_KIND,
    FEEDS_PROVIDER,
    FEEDS_SOURCES,
    FEEDS_OPTIONS,
    DAY_SECONDS = 86400,
    AGE_BYTES = 64
};

#define OPERATOR_SOURCES "/etc/sonde/feeds.json"

static const struct option_row feeds_options[FEEDS_OPTIONS] = {
    [FEEDS_DIR] = {"feeds", "DIR", "folder of feeds ($SONDE_FEEDS, else " FEEDS_FOLDER ")"},
    [FEEDS_JSON] = {"json", NULL, "status: print one JSON object instead of a table"},
    [FEEDS_KIND] = {"kind", "KIND",
                    "import: what the files are of, where their content does not tell (a list of ranges)"},
    [FEEDS_PROVIDER] = {"provider", "NAME", "import: whose address ranges the files list (geofeeds, plain lists)"},
    [FEEDS_SOURCES] = {"sources", "FILE", "update: addresses (" OPERATOR_SOURCES ", else those that came with sonde)"},
};

static enum exit_status refuse(enum exit_status status, const char *text)
{
    fprintf(stderr, "sonde: feeds: %s\n", text);
    return status;
}

static enum exit_status catalogue_find(const struct invocation *invocation, const char *name,
                                       char ret_path[static PATH_MAX])
{
    char folder[PATH_MAX];
    enum exit_status status = planfile_catalogues(invocation->program, folder);
    if (status == EXIT_DONE && snprintf(ret_path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        return refuse(EXIT_FAILED, strerror(ENAMETOOLONG));
    return status;
}

static enum exit_status kind_read(const char *word, uint32_t *kinds)
{
    uint32_t kind = 0;
    while (kind < INTEL_KIND_COUNT && strcmp(word, feeds_kind_names[kind]) != 0)
        kind++;
    if (kind < INTEL_KIND_COUNT) {
        *kinds |= UINT32_C(1) << kind;
        return EXIT_DONE;
    }
    const char *near = keys_nearest(word, feeds_kind_names, INTEL_KIND_COUNT);
    fprintf(stderr, "sonde: feeds: unknown kind \"%s\"%s%s%s\n", word, near == NULL ? "" : " (did you mean \"",
            near == NULL ? "" : near, near == NULL ? "" : "\"?)");
    return EXIT_USAGE;
}

// What --kind and --provider say of the files.
static enum exit_status import_options(const struct invocation *invocation, struct feeds_import *import)
{
    const char *kind = invocation->values[FEEDS_KIND];
    import->provider = invocation->values[FEEDS_PROVIDER];
    if (import->provider != NULL && !feeds_provider_fits(import->provider))
        return refuse(EXIT_USAGE, "--provider: expected a name of 1 to 63 printable bytes");
    if (import->provider != NULL && kind == NULL)
        import->kinds = UINT32_C(1) << INTEL_CLOUDS;
    enum exit_status status = kind == NULL ? EXIT_DONE : kind_read(kind, &import->kinds);
    if (status == EXIT_DONE && import->provider != NULL && import->kinds != UINT32_C(1) << INTEL_CLOUDS)
        return refuse(EXIT_USAGE, "--provider: goes with --kind clouds alone");
    return status;
}

// A file that is refused leaves what was there, and the others are read.
static enum exit_status import_run(const struct invocation *invocation)
{
    const char *folder = feeds_folder(invocation->values[FEEDS_DIR]);
    char names[PATH_MAX];
    struct complaint complaint;
    int refused = 0;
    struct feeds_import import = {.folder = folder, .names = names, .now_s = (int64_t)time(NULL)};
    enum exit_status status = import_options(invocation, &import);
    if (status == EXIT_DONE)
        status = catalogue_find(invocation, "cpe.json", names);
    if (status != EXIT_DONE)
        return status;
    for (int i = 1; i < invocation->operand_count; i++) {
        import.file = invocation->operands[i];
        struct feeds_imported imported;
        char number[FIGURE_MAX];
        if (feeds_import(&import, &imported, &complaint) == 0) {
            printf("%s: %s, %s rows in %s.sqlite\n", import.file, imported.format, figure_count(imported.rows, number),
                   feeds_kind_names[imported.kind]);
            continue;
        }
        refused++;
        fprintf(stderr, "sonde: feeds: %s; what was there before is still used\n", complaint.text);
    }
    if (refused == invocation->operand_count - 1)
        return EXIT_FAILED;
    int error = feeds_build(folder, names, &complaint);
    if (error != 0)
        return refuse(EXIT_FAILED, complaint.text);
    printf("%s/intel.image is made of them\n", folder);
    return refused == 0 ? output_finish(0) : EXIT_FAILED;
}

static void update_tell(const struct update_told *told)
{
    char number[FIGURE_MAX];
    char in_all[FIGURE_MAX];
    if (told->outcome == UPDATE_IMPORTED)
        printf("%s: %s, %s rows in %s.sqlite\n", told->url, told->imported.format,
               figure_count(told->imported.rows, number), feeds_kind_names[told->imported.kind]);
    else if (told->outcome == UPDATE_UNCHANGED)
        printf("%s: has not changed\n", told->url);
    else if (told->outcome == UPDATE_ONGOING)
        printf("%s: %s of %s rows have come\n", told->url, figure_count(told->rows, number),
               figure_count(told->rows_in_all, in_all));
    else
        fprintf(stderr, "sonde: feeds: %s; what was there before is still used\n", told->complaint->text);
    (void)fflush(stdout);
}

static enum exit_status kinds_read(const struct invocation *invocation, uint32_t *ret_kinds)
{
    uint32_t kinds = 0;
    for (int i = 1; i < invocation->operand_count; i++) {
        enum exit_status status = kind_read(invocation->operands[i], &kinds);
        if (status != EXIT_DONE)
            return status;
    }
    *ret_kinds = kinds == 0 ? UINT32_MAX : kinds;
    return EXIT_DONE;
}

static enum exit_status sources_load(const struct invocation *invocation, struct feed_sources *ret_sources)
{
    char path[PATH_MAX];
    struct complaint complaint;
    const char *given = invocation->values[FEEDS_SOURCES];
    enum exit_status status = EXIT_DONE;
    if (given == NULL && access(OPERATOR_SOURCES, F_OK) == 0)
        given = OPERATOR_SOURCES;
    if (given == NULL) {
        status = catalogue_find(invocation, "feeds.json", path);
        given = path;
    }
    if (status == EXIT_DONE && feed_sources_load(given, ret_sources, &complaint) != 0)
        status = refuse(EXIT_USAGE, complaint.text);
    return status;
}

// A few files that fail are told, and what else has changed is used.
static enum exit_status update_files(const struct update *update)
{
    struct update_counts counts;
    struct complaint complaint;
    if (update_run(update, &counts, &complaint) != 0)
        return refuse(EXIT_FAILED, complaint.text);
    if (counts.failed + counts.unchanged + counts.imported == 0)
        return refuse(EXIT_USAGE, "the list of sources has no address for that (see config/feeds.json)");
    if (counts.imported > 0 && feeds_build(update->folder, update->names, &complaint) != 0)
        return refuse(EXIT_FAILED, complaint.text);
    if (counts.imported > 0)
        printf("%s/intel.image is made of them\n", update->folder);
    return counts.failed == 0 ? output_finish(0) : EXIT_FAILED;
}

// NVD's API takes ten times as many requests of who has one. It is told to nobody else, and never shown.
static enum exit_status key_read(const char **ret_key)
{
    const char *key = getenv("SONDE_NVD_KEY");
    if (key != NULL && key[0] != '\0' && !fetch_key_fits(key))
        return refuse(EXIT_USAGE, "SONDE_NVD_KEY: expected the key alone: up to 127 letters, digits, '-', '_' and '.'");
    *ret_key = key == NULL ? "" : key;
    return EXIT_DONE;
}

static enum exit_status update_feeds(const struct invocation *invocation)
{
    const char *key = "";
    char names[PATH_MAX];
    struct feed_sources sources;
    uint32_t kinds;
    enum exit_status status = kinds_read(invocation, &kinds);
    if (status == EXIT_DONE)
        status = catalogue_find(invocation, "cpe.json", names);
    if (status == EXIT_DONE)
        status = key_read(&key);
    if (status == EXIT_DONE)
        status = sources_load(invocation, &sources);
    if (status != EXIT_DONE)
        return status;
    const struct update update = {.key = key,
                                  .folder = feeds_folder(invocation->values[FEEDS_DIR]),
                                  .names = names,
                                  .sources = &sources,
                                  .kinds = kinds,
                                  .now_s = (int64_t)time(NULL),
                                  .tell = update_tell};
    status = update_files(&update);
    feed_sources_fini(&sources);
    return status;
}

static const char *age_text(int64_t age_s, unsigned int old_days, char ret_text[static AGE_BYTES])
{
    long long days = (long long)(age_s / DAY_SECONDS);
    (void)snprintf(ret_text, AGE_BYTES, "%lld %s%s", days, days == 1 ? "day" : "days",
                   old_days > 0 && days > (long long)old_days ? ", old" : "");
    return ret_text;
}

// "-": the feed does not say.
static const char *day_text(int64_t time_s, char ret_text[static AGE_BYTES])
{
    time_t seconds = (time_t)time_s;
    struct tm day;
    if (time_s <= 0 || gmtime_r(&seconds, &day) == NULL || strftime(ret_text, AGE_BYTES, "%F", &day) == 0)
        (void)snprintf(ret_text, AGE_BYTES, "-");
    return ret_text;
}

static json_t *status_json(const struct intel *intel, int64_t now_s)
{
    json_t *feeds = json_array();
    for (size_t i = 0; i < intel->feed_count; i++) {
        const struct intel_feed *feed = &intel->feeds[i];
        int64_t age_s = now_s - feed->imported;
        unsigned int old_days = feeds_old_days((enum intel_kind)feed->kind);
        (void)json_array_append_new(
            feeds, json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:b}", "kind", feeds_kind_names[feed->kind], "source",
                             intel_string(intel, feed->source), "sha256", intel_string(intel, feed->sha256), "rows",
                             (json_int_t)feed->rows, "published_s", (json_int_t)feed->published, "imported_s",
                             (json_int_t)feed->imported, "age_s", (json_int_t)age_s, "old",
                             age_s > (int64_t)old_days * DAY_SECONDS));
    }
    return json_pack("{s:s,s:o}", "image", intel->digest, "feeds", feeds);
}

static int status_print(const struct intel *intel, int64_t now_s)
{
    struct columns columns;
    columns_init(&columns, 5, 1U << 1);
    columns_add(&columns, (const char *[]){"feed", "rows", "published", "imported", "from"});
    for (size_t i = 0; i < intel->feed_count; i++) {
        const struct intel_feed *feed = &intel->feeds[i];
        char number[FIGURE_MAX];
        char age[AGE_BYTES];
        char published[AGE_BYTES];
        columns_add(&columns,
                    (const char *[]){feeds_kind_names[feed->kind], figure_count(feed->rows, number),
                                     day_text(feed->published, published),
                                     age_text(now_s - feed->imported, feeds_old_days((enum intel_kind)feed->kind), age),
                                     intel_string(intel, feed->source)});
    }
    int error = columns_print(&columns, 0, stdout);
    columns_fini(&columns);
    for (int kind = 0; kind < INTEL_KIND_COUNT; kind++)
        if (!intel_has(intel, (enum intel_kind)kind) && feeds_old_days((enum intel_kind)kind) > 0)
            printf("%s: not there (%s)\n", feeds_kind_names[kind], feeds_kind_help[kind]);
    printf("image %s\n", intel->digest);
    return error;
}

static enum exit_status status_run(const struct invocation *invocation)
{
    const char *folder = feeds_folder(invocation->values[FEEDS_DIR]);
    struct complaint complaint;
    struct intel intel;
    int fd;
    int error = feeds_open(folder, &intel, &fd, &complaint);
    if (error == -ENOENT) {
        fprintf(stderr, "sonde: feeds: %s holds no feeds; sonde feeds import FILE... reads some\n", folder);
        return EXIT_FAILED;
    }
    if (error != 0)
        return refuse(EXIT_FAILED, complaint.text);
    int64_t now_s = (int64_t)time(NULL);
    error = invocation->values[FEEDS_JSON] != NULL ? json_print(status_json(&intel, now_s), stdout)
                                                   : status_print(&intel, now_s);
    intel_unmap(&intel);
    (void)close(fd);
    return output_finish(error);
}

static enum exit_status feeds_run(const struct invocation *invocation)
{
    const char *word = invocation->operands[0];
    if (strcmp(word, "import") == 0 && invocation->operand_count > 1)
        return import_run(invocation);
    if (strcmp(word, "update") == 0)
        return update_feeds(invocation);
    if (strcmp(word, "status") == 0 && invocation->operand_count == 1)
        return status_run(invocation);
    return refuse(EXIT_USAGE, "expected update [KIND...], import FILE... or status (see sonde help feeds)");
}

const struct subcommand subcommand_feeds = {
    .name = "feeds",
    .operands = "update [KIND...]|import FILE...|status",
    .operand_words = "update import status",
    .summary = "fetch or read files about vulnerabilities and addresses (NVD, CISA KEV, EPSS, providers' ranges), or "
               "say which there are and how old",
    .options = feeds_options,
    .option_count = FEEDS_OPTIONS,
    .operands_min = 1,
    .operands_max = 4096,
    .run = feeds_run,
};
