// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/wording.h"

#include <string.h>
#include <time.h>

#include "config/figures.h"

const char wording_unknown[] = "not learnt of";

const char *wording_value(const struct facts *facts, uint32_t value, size_t *ret_length)
{
    static const char unknown[] = "(not known)";
    if (value != 0)
        return facts_value(facts, value, ret_length);
    *ret_length = sizeof(unknown) - 1;
    return unknown;
}

const char *wording_column(const struct result_table *table, const struct facts *facts, size_t column,
                           size_t *ret_length)
{
    const char *text = column == 0 ? "all" : table->columns[column].among ? "of whom it is so" : "the others";
    if (column > 0 && table->table->among == STUDY_NONE)
        return wording_value(facts, table->columns[column].value, ret_length);
    *ret_length = strlen(text);
    return text;
}

const char *wording_line(const struct result_table *table, const struct facts *facts, size_t line, size_t *ret_length)
{
    if (table->table->rows[0] != '\0' || table->table->each[0] == '\0')
        return wording_value(facts, table->lines[line].value, ret_length);
    *ret_length = strlen(table->table->each);
    return table->table->each;
}

// ---- What was read
// ----------------------------------------------------------------------------------------------------

const char *wording_time(int64_t seconds, char text[static WORDING_BYTES])
{
    time_t at = (time_t)seconds;
    struct tm day;
    if (gmtime_r(&at, &day) == NULL || strftime(text, WORDING_BYTES, "%Y-%m-%d %H:%M", &day) == 0)
        text[0] = '\0';
    return text;
}

const char *wording_read(const struct report_heading *heading, const struct results *results,
                         char text[static WORDING_BYTES])
{
    char numbers[4][FIGURE_MAX];
    char times[2][WORDING_BYTES];
    const struct facts *facts = heading->facts;
    int length =
        snprintf(text, WORDING_BYTES, "%s hosts with %s services, of %s records in %s %s",
                 figure_count(results->hosts, numbers[0]), figure_count(results->services, numbers[1]),
                 figure_count(heading->tally->records, numbers[2]), figure_count(heading->tally->files, numbers[3]),
                 heading->tally->files == 1 ? "file" : "files");
    if (facts->last_s > 0)
        (void)snprintf(text + length, WORDING_BYTES - (size_t)length, ", heard from %.32s to %.32s UTC",
                       wording_time(facts->first_s, times[0]), wording_time(facts->last_s, times[1]));
    return text;
}

// "12,300 in all (11,900 to 12,700)"
static const char *total_text(const struct scans_sample *sample, uint64_t found, const char *of, const char *interval,
                              char text[static WORDING_BYTES])
{
    char numbers[3][FIGURE_MAX];
    struct confidence total = total_interval(found, sample->asked, sample->all);
    double estimate = (double)found * (double)sample->all / (double)sample->asked;
    (void)snprintf(text, WORDING_BYTES, "some %s%s in all (%s%s to %s)",
                   figure_count((uint64_t)(estimate + 0.5), numbers[0]), of, interval,
                   figure_count((uint64_t)(total.low + 0.5), numbers[1]),
                   figure_count((uint64_t)(total.high + 0.5), numbers[2]));
    return text;
}

bool wording_sample(const struct report_heading *heading, const struct results *results,
                    char text[static WORDING_BYTES])
{
    char numbers[2][FIGURE_MAX];
    char total[WORDING_BYTES];
    const struct scans_sample *sample = heading->sample;
    if (sample == NULL)
        return false;
    (void)total_text(sample, results->services, " services", "95 %: ", total);
    (void)snprintf(text, WORDING_BYTES, "a sample: %s of %s pairs of address and port were asked; there are %.200s",
                   figure_count(sample->asked, numbers[0]), figure_count(sample->all, numbers[1]), total);
    return true;
}

static void sentence_take(wording_take *take, void *context, uint64_t count, const char *before, const char *after)
{
    char number[FIGURE_MAX];
    char text[WORDING_BYTES];
    (void)snprintf(text, sizeof(text), "%s %s %s", before, figure_count(count, number), after);
    if (count > 0)
        take(context, text);
}

void wording_left_out(const struct report_heading *heading, const struct results *results, wording_take *take,
                      void *context)
{
    for (size_t i = 0; i < heading->filter_count; i++) {
        char text[8 * WORDING_BYTES];
        (void)snprintf(text, sizeof(text), "only where %s", heading->filters[i]);
        take(context, text);
    }
    sentence_take(take, context, results->repeated,
                  "left out:", "of an address and port of which there is a later record");
    sentence_take(take, context, heading->facts->aside,
                  "set aside:", "that only seem to be services (`aside` of the study)");
    sentence_take(take, context, heading->facts->other, "left out:", "without an IPv4 address, a port or a time");
    for (size_t i = 0; i < RECORDS_FAULT_COUNT; i++)
        sentence_take(take, context, heading->tally->faults[i], "left out:", records_fault_names[i]);
}

// ---- Shares
// -----------------------------------------------------------------------------------------------------------

bool wording_headline(const struct report_heading *heading, const struct result_table *table,
                      const struct result_cell *units, struct wording_headline *ret_headline)
{
    char numbers[3][FIGURE_MAX];
    char total[WORDING_BYTES];
    uint64_t of = units->yes + units->no;
    if (of == 0)
        return false;
    struct confidence interval = share_interval(units->yes, of);
    (void)snprintf(ret_headline->share, sizeof(ret_headline->share), "%.1f %%",
                   100.0 * (double)units->yes / (double)of);
    int length = snprintf(ret_headline->detail, WORDING_BYTES, "%s of %s; 95 %%: %.1f to %.1f %%",
                          figure_count(units->yes, numbers[0]), figure_count(of, numbers[1]), 100 * interval.low,
                          100 * interval.high);
    if (units->unknown > 0)
        length += snprintf(ret_headline->detail + length, WORDING_BYTES - (size_t)length, "; %s %s", wording_unknown,
                           figure_count(units->unknown, numbers[2]));
    // A host has as many chances to be seen as ports were asked of it: its like are not to be counted so.
    if (heading->sample != NULL && table->table->unit == STUDY_SERVICES)
        (void)snprintf(ret_headline->detail + length, WORDING_BYTES - (size_t)length, "; %.200s",
                       total_text(heading->sample, units->yes, "", "", total));
    return true;
}

// "1,234 (12.3 %)"
static const char *share_text(uint64_t count, uint64_t of, char text[static WORDING_BYTES])
{
    char number[FIGURE_MAX];
    figure_count(count, number);
    if (of == 0)
        (void)snprintf(text, WORDING_BYTES, "%s", number);
    else
        (void)snprintf(text, WORDING_BYTES, "%s (%.1f %%)", number, 100.0 * (double)count / (double)of);
    return text;
}

bool wording_has_share(const struct result_table *table)
{
    return table->table->percent != STUDY_PERCENT_ROW || table->table->when != STUDY_NONE;
}

const char *wording_cell(const struct result_table *table, size_t line, size_t column, char text[static WORDING_BYTES])
{
    char numbers[2][FIGURE_MAX];
    uint64_t count = 0;
    uint64_t of = 0;
    (void)result_share(table, line, column, &count, &of);
    of = wording_has_share(table) ? of : 0;
    if (of == 0 || table->table->percent != STUDY_PERCENT_ROW)
        return share_text(count, of, text);
    (void)snprintf(text, WORDING_BYTES, "%s (%.1f %% of %s)", figure_count(count, numbers[0]),
                   100.0 * (double)count / (double)of, figure_count(of, numbers[1]));
    return text;
}

// Whether the table tells some of its units from the others.
static bool has_part(const struct result_table *table)
{
    return table->table->when != STUDY_NONE || table->table->each[0] != '\0';
}

const char *wording_units(const struct result_table *table)
{
    return table->table->unit == STUDY_HOSTS ? has_part(table) ? "hosts in all" : "hosts"
           : has_part(table)                 ? "services in all"
                                             : "services";
}

const char *wording_total(const struct result_table *table, size_t column, char text[static WORDING_BYTES])
{
    const struct result_cell *cell = &table->columns[column].units;
    // Of columns that are values of rows nobody's units are known.
    if (cell->yes + cell->no + cell->unknown == 0 && table->columns[column].items > 0)
        return strcpy(text, "-");
    return has_part(table) ? share_text(cell->yes, cell->yes + cell->no, text)
                           : share_text(cell->yes + cell->no + cell->unknown, 0, text);
}

bool wording_has_unknown(const struct result_table *table)
{
    return table->table->when != STUDY_NONE;
}

// ---- Numbers and tests
// ------------------------------------------------------------------------------------------------

bool wording_numbers(const struct result_column *column, char text[static WORDING_BYTES])
{
    struct histogram numbers = result_numbers(column);
    uint64_t none = numbers.length > 0 ? numbers.counts[0] : 0;
    uint64_t all = histogram_total(&numbers);
    if (all <= none)
        return false;
    (void)snprintf(text, WORDING_BYTES,
                   "%.1f each, of those with any %.1f; half have at most %zu, nine in ten at most %zu",
                   histogram_mean(&numbers), histogram_mean(&numbers) * (double)all / (double)(all - none),
                   histogram_quantile(&numbers, 0.5), histogram_quantile(&numbers, 0.9));
    return true;
}

static void test_take(const char *what, const struct comparison *comparison, bool points, wording_take *take,
                      void *context)
{
    char p[32];
    char text[WORDING_BYTES];
    (void)snprintf(p, sizeof(p), comparison->p < 0.0001 ? "p < 0.0001" : "p = %.4f", comparison->p);
    (void)snprintf(text, sizeof(text), "%s: %+.*f%s, %s", what, points ? 1 : 2, comparison->effect * (points ? 100 : 1),
                   points ? " points" : "", p);
    take(context, text);
}

void wording_comparison(const struct result_table *table, wording_take *take, void *context)
{
    struct result_comparison comparison;
    if (!result_compare(table, &comparison))
        return;
    if (comparison.has_shares)
        test_take("difference of the shares (two-proportion z)", &comparison.shares, true, take, context);
    if (comparison.has_means)
        test_take("difference of the means (Welch)", &comparison.means, false, take, context);
    if (comparison.has_ranks)
        test_take("chance that one of the first has more (Mann-Whitney)", &comparison.ranks, false, take, context);
}

// ---- What is shown
// ----------------------------------------------------------------------------------------------------

bool wording_line_shown(const struct result_table *table, size_t line)
{
    return table->table->percent == STUDY_PERCENT_ROW || table->lines[line].cells[0].yes > 0;
}

size_t wording_columns(const struct result_table *table, size_t room)
{
    if (table->column_count == 2 && table->columns[1].value == 0 && table->table->among == STUDY_NONE)
        return 1;
    return table->column_count < room ? table->column_count : room;
}
