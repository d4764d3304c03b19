// SPDX-License-Identifier: BSD-3-Clause
#include "tools/bench/report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "probes/packet/kernels.h"

static void cpu_find(char *ret_cpu, size_t bytes)
{
    char line[256];
    snprintf(ret_cpu, bytes, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(ret_cpu, bytes, "%.90s", colon + 2);
        break;
    }
    if (file != NULL)
        fclose(file);
}

// Against the monotonic clock, over a twentieth of a second: right to a few parts in a million.
static uint64_t tsc_measure(void)
{
    struct timespec start;
    struct timespec end;
    const struct timespec pause = {.tv_nsec = 50000000};
    clock_gettime(CLOCK_MONOTONIC, &start);
    uint64_t before = __rdtsc();
    (void)nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    uint64_t ticks = __rdtsc() - before;
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    return (uint64_t)((double)ticks / seconds);
}

void report_init(struct report *report)
{
    cpu_find(report->cpu, sizeof(report->cpu));
    report->tsc_hz = tsc_measure();
    report->kernels = kernels_best()->name;
    report->cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

struct report_part *report_part(struct report *report, const char *name)
{
    // A part named more often than there is room for is measured again into the last place.
    unsigned at = report->part_count < REPORT_PARTS_MAX ? report->part_count++ : REPORT_PARTS_MAX - 1;
    struct report_part *part = &report->parts[at];
    memset(part, 0, sizeof(*part));
    part->name = name;
    return part;
}

void report_add(struct report_part *part, const struct bench_outcome *outcome)
{
    if (part->runs == RUNS_MAX)
        return;
    if (part->runs == 0 || outcome->error[0] != '\0')
        part->first = *outcome;
    for (uint32_t i = 0; i < outcome->figure_count; i++)
        part->values[i][part->runs] = outcome->figures[i].value;
    part->runs++;
}

void report_print_machine(const struct report *report)
{
    printf("%s, %u CPUs, TSC %.2f GHz, kernels %s\n", report->cpu, report->cpus, (double)report->tsc_hz / 1e9,
           report->kernels);
}

static void number_print(double value)
{
    printf(value >= 1e5 || (value == (double)(int64_t)value && value >= 1000) ? " %14.0f" : " %14.3f", value);
}

void report_print_part(struct report_part *part)
{
    printf("\n%-26s %-8s %14s %14s %14s   bar   (%u run%s)\n", part->name, "", "median", "min", "max", part->runs,
           part->runs == 1 ? "" : "s");
    for (uint32_t i = 0; i < part->first.figure_count; i++) {
        const struct figure *figure = &part->first.figures[i];
        double median = median_of(part->values[i], part->runs);
        printf("  %-24s %-8s", figure->name, figure->unit);
        number_print(median);
        number_print(part->values[i][0]);
        number_print(part->values[i][part->runs - 1]);
        if (figure->bar > 0)
            printf("   %g: %s", figure->bar, median >= figure->bar ? "reached" : "below");
        printf("\n");
    }
    if (part->first.note[0] != '\0')
        printf("  %s\n", part->first.note);
    fflush(stdout);
}

static json_t *part_json(struct report_part *part)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < part->first.figure_count; i++) {
        const struct figure *figure = &part->first.figures[i];
        double median = median_of(part->values[i], part->runs);
        json_t *spread = json_pack("{s:f, s:f, s:f}", "median", median, "min", part->values[i][0], "max",
                                   part->values[i][part->runs - 1]);
        if (figure->bar > 0)
            json_object_set_new(spread, "bar", json_real(figure->bar));
        json_object_set_new(object, figure->name, spread);
    }
    json_object_set_new(object, "runs", json_integer((json_int_t)part->runs));
    if (part->first.note[0] != '\0')
        json_object_set_new(object, "note", json_string(part->first.note));
    if (part->first.error[0] != '\0')
        json_object_set_new(object, "error", json_string(part->first.error));
    return object;
}

void report_print_json(struct report *report)
{
    json_t *all = json_object();
    for (unsigned i = 0; i < report->part_count; i++)
        json_object_set_new(all, report->parts[i].name, part_json(&report->parts[i]));
    json_object_set_new(all, "cpu", json_string(report->cpu));
    json_object_set_new(all, "cpus", json_integer((json_int_t)report->cpus));
    json_object_set_new(all, "tsc_hz", json_integer((json_int_t)report->tsc_hz));
    json_object_set_new(all, "kernels", json_string(report->kernels));
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
    printf("\n");
    json_decref(all);
}
