// SPDX-License-Identifier: BSD-3-Clause
// A report for spreadsheets: one CSV file a table.
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "control/report/csv_text.h"
#include "control/report/output_file.h"
#include "control/report/wording.h"

// How many bytes from here on a terminal that is shown the file would obey: C0 but for the ends of lines, DEL, and C1
// in UTF-8.
static size_t control_length(const char *bytes, size_t length)
{
    unsigned char first = (unsigned char)bytes[0];
    unsigned char second = length > 1 ? (unsigned char)bytes[1] : 0;
    if (first == 0xc2 && second >= 0x80 && second <= 0x9f)
        return 2;
    return (first < ' ' && strchr("\t\r\n", first) == NULL) || first == 0x7f ? 1 : 0;
}

void csv_text(FILE *out, const char *bytes, size_t length)
{
    (void)fputc('"', out);
    if (length > 0 && strchr("=+-@\t\r\n|", bytes[0]) != NULL)
        (void)fputc('\'', out);
    for (size_t i = 0; i < length; i++) {
        size_t control = bytes[i] == '\0' ? 0 : control_length(bytes + i, length - i);
        if (bytes[i] == '"')
            (void)fputc('"', out);
        if (control == 0)
            (void)fputc(bytes[i] == '\0' ? ' ' : bytes[i], out);
        for (size_t c = 0; c < control; c++)
            (void)fprintf(out, "\\x%02x", (unsigned char)bytes[i + c]);
        i += control > 1 ? control - 1 : 0;
    }
    (void)fputc('"', out);
}

static void csv_share(FILE *out, uint64_t count, uint64_t of)
{
    struct confidence interval = share_interval(count < of ? count : of, of);
    if (of == 0)
        (void)fprintf(out, ",,,,\r\n");
    else
        (void)fprintf(out, ",%llu,%.6f,%.6f,%.6f\r\n", (unsigned long long)of, (double)count / (double)of, interval.low,
                      interval.high);
}

static void csv_table(FILE *out, const struct result_table *table, const struct facts *facts)
{
    (void)fprintf(out, "line,column,count,not,unknown,of,share,low,high\r\n");
    for (size_t c = 0; c < table->column_count; c++) {
        const struct result_cell *units = &table->columns[c].units;
        size_t length;
        const char *column = wording_column(table, facts, c, &length);
        csv_text(out, "", 0);
        (void)fputc(',', out);
        csv_text(out, column, length);
        (void)fprintf(out, ",%llu,%llu,%llu", (unsigned long long)units->yes, (unsigned long long)units->no,
                      (unsigned long long)units->unknown);
        csv_share(out, units->yes, units->yes + units->no);
    }
    for (size_t i = 0; i < table->line_count; i++) {
        for (size_t c = 0; c < table->column_count; c++) {
            const struct result_cell *cell = &table->lines[i].cells[c];
            size_t lengths[2];
            const char *line = wording_value(facts, table->lines[i].value, &lengths[0]);
            const char *column = wording_column(table, facts, c, &lengths[1]);
            uint64_t count = 0;
            uint64_t of = 0;
            (void)result_share(table, i, c, &count, &of);
            csv_text(out, line, lengths[0]);
            (void)fputc(',', out);
            csv_text(out, column, lengths[1]);
            (void)fprintf(out, ",%llu,%llu,%llu", (unsigned long long)cell->yes, (unsigned long long)cell->no,
                          (unsigned long long)cell->unknown);
            csv_share(out, count, of);
        }
    }
}

int report_csv(const struct results *results, const char *folder, char message[static 512])
{
    char path[PATH_MAX] = "";
    int error = mkdir(folder, 0755) != 0 && errno != EEXIST ? -errno : 0;
    (void)snprintf(path, sizeof(path), "%s", folder);
    for (size_t i = 0; i < results->table_count && error == 0; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s.csv", folder, results->tables[i].table->id);
        struct output_file file;
        error = output_file_open(path, &file);
        if (error != 0)
            break;
        csv_table(file.stream, &results->tables[i], results->facts);
        error = output_file_finish(&file, ferror(file.stream) != 0 ? -EIO : 0);
    }
    if (error != 0)
        (void)snprintf(message, 512, "%.400s: %.100s", path, strerror(-error));
    return error;
}
