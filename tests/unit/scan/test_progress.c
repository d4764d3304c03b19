// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "control/scan/progress.h"
#include "control/store/counters.h"

static struct commands commands;
static struct channel_down_header down;
static struct shared shared;

#define SECOND UINT64_C(1000000000)

static void setup(void)
{
    memset(&commands, 0, sizeof(commands));
    memset(&down, 0, sizeof(down));
    shared = (struct shared){.commands = &commands, .down = &down, .geometry = {.workers = 2, .lanes = 1}};
}

static void count(uint32_t worker, enum dataplane_counter counter, uint64_t n)
{
    counter_add(&commands.counters[worker], counter, n);
}

TestSuite(progress, .init = setup);

Test(progress, counters_of_all_workers_are_summed)
{
    count(0, COUNTER_PROBES_SENT, 3);
    count(1, COUNTER_PROBES_SENT, 4);
    cr_assert_eq(progress_sum(&shared, COUNTER_PROBES_SENT), 7);
}

// Where both workers are.
static void steps(uint64_t step)
{
    for (uint32_t w = 0; w < 2; w++)
        atomic_store(&commands.progress[w].step, step);
}

static const struct remaining_sweep twice = {.positions = 1000, .segment_positions = 1024, .attempts = 2};

Test(progress, share_rate_and_time_left_follow_what_is_still_to_be_sent)
{
    struct progress_source source;
    struct progress got;
    progress_init(&source, &shared, &twice, 10 * SECOND);
    atomic_store(&commands.state, DATAPLANE_SWEEPING);
    // Half is asked once, and a tenth of that has answered: 500 and nine tenths of 1,000 are still to come.
    steps(500);
    count(0, COUNTER_PROBES_SENT, 500);
    count(1, COUNTER_ANSWERS_OPEN, 45);
    count(1, COUNTER_ANSWERS_CLOSED, 5);
    progress_take(&source, 11 * SECOND, &got);
    cr_assert_float_eq(got.share, 500.0 / 1900, 1e-9, "%f", got.share);
    cr_assert_float_eq(got.rate_pps, 500, 1e-6);
    cr_assert_float_eq(got.left_s, 2.8, 1e-6, "%f", got.left_s);
    cr_assert_float_eq(got.hit_rate, 0.09, 1e-9);
    cr_assert_eq(got.answers, 50);
    for (uint32_t w = 0; w < 2; w++)
        atomic_store(&commands.progress[w].finished, 1);
    steps(2000);
    count(0, COUNTER_PROBES_SENT, 1400);
    progress_take(&source, 12 * SECOND, &got);
    cr_assert_float_eq(got.share, 1, 1e-9, "all is sent");
    cr_assert_lt(got.left_s, 0, "nothing is left to send");
    cr_assert_float_eq(got.hit_rate, 0.045, 1e-9, "of positions, not of probes");
}

// What made a scan say 3:33 and end ten seconds later.
Test(progress, later_attempts_of_what_has_answered_are_not_waited_for)
{
    struct progress_source source;
    struct progress got;
    const struct remaining_sweep sweep = {
        .positions = 1000, .segment_positions = 1024, .attempts = 4, .gap_ns = 2 * SECOND};
    progress_init(&source, &shared, &sweep, 0);
    atomic_store(&commands.state, DATAPLANE_SWEEPING);
    steps(900);
    count(0, COUNTER_PROBES_SENT, 900);
    count(1, COUNTER_ANSWERS_OPEN, 900);
    progress_take(&source, SECOND, &got);
    cr_assert_float_eq(got.share, 0.9, 1e-9, "%f", got.share);
    cr_assert_float_eq(got.left_s, 100.0 / 900 + 6, 1e-6, "a hundred, and three gaps: %f", got.left_s);
}

Test(progress, what_is_left_counts_samples_passes_and_segments)
{
    static const struct {
        struct remaining_sweep sweep;
        uint64_t step;
        double settled;
        double probes;
        double asked;
    } cases[] = {
        {{1024, 1024, 1, false, 0}, 0, 0, 1024, 0},
        {{1024, 1024, 1, true, 0}, 0, 0.5, 1025, 0},      // one sample in 1,024
        {{1024, 1024, 1, true, 0}, 1024, 0.5, 1, 1024},   // the pass of samples has begun
        {{1024, 1024, 1, true, 0}, 2048, 0.5, 0, 1024},   // and ended
        {{2048, 1024, 2, false, 0}, 1024, 0, 3072, 1024}, // the second pass of the first of two segments
        {{2048, 1024, 2, false, 0}, 2560, 0.5, 1024, 1536},
        {{1500, 1024, 2, false, 0}, 2048 + 476, 0, 476, 1500},
        {{1024, 1024, 3, true, 0}, 1024, 1, 2, 1024}, // samples are asked whatever they answered
        {{0, 0, 1, true, 0}, 0, 0, 0, 0},
        {{1024, 1024, 2, false, 0}, UINT64_MAX / 2, 0, 0, 1024},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct remaining got = remaining_from(&cases[i].sweep, cases[i].step, cases[i].settled);
        cr_expect_float_eq(got.probes, cases[i].probes, 1e-6, "case %zu: %f", i, got.probes);
        cr_expect_float_eq(got.asked, cases[i].asked, 1e-6, "case %zu: %f", i, got.asked);
    }
}

Test(progress, losses_of_rings_and_port_are_drops_and_forgeries_are_not)
{
    struct progress_source source;
    struct progress got;
    progress_init(&source, &shared, &twice, 0);
    count(0, COUNTER_DROP_VERDICTS_FULL, 1);
    count(1, COUNTER_DROP_SEGMENTS_FULL, 2);
    count(0, COUNTER_DROP_NO_BUFFER, 8);
    count(0, COUNTER_CHANNEL_KILLED, 16);
    count(1, COUNTER_DROP_FORGED, 1000);
    count(1, COUNTER_MBUFS_EXHAUSTED, 1000); // late, not lost
    atomic_store(&commands.port.rx_missed, 4);
    atomic_store(&down.counters[CONTROL_RECORDS_LOST], 32);
    progress_take(&source, SECOND, &got);
    cr_assert_eq(got.drops, 63);
}

Test(progress, a_scan_of_nothing_sent_yet_divides_by_no_zero)
{
    struct progress_source source;
    struct progress got;
    char line[2 * PROGRESS_LINE_MAX];
    progress_init(&source, &shared, &(struct remaining_sweep){.attempts = 1}, 5);
    progress_take(&source, 5, &got);
    cr_assert_null(strstr(progress_format(&got, 0, line), "nan"));
    cr_assert_null(strstr(progress_format(&got, 0, line), "inf"));
    cr_assert_null(strstr(progress_format_json(&got, line), "nan"));
}

Test(progress, the_line_tells_everything_in_one_row)
{
    struct progress progress = {
        .phase = "sweeping",
        .elapsed_s = 65,
        .share = 0.125,
        .left_s = 455,
        .rate_pps = 20000,
        .answers = 1234567,
        .hit_rate = 0.0125,
        .conversations_open = 12,
        .conversations_waiting = 2345,
        .records = 2345,
        .drops = 1,
    };
    char line[PROGRESS_LINE_MAX];
    cr_assert_str_eq(progress_format(&progress, 0, line),
                     "0:01:05   12 % sweeping, 0:07:35 left  20.0 kpps  answers 1,234,567 (open 1.25 %)  "
                     "conversations 12 open 2,345 waiting  records 2,345  drops 1");
}

// What matters least goes first; the state is always there, and something lost too.
Test(progress, the_line_fits_a_terminal_of_forty_columns)
{
    static const char *const phases[] = {"starting", "asking neighbours", "sweeping",
                                         "cooling",  "finishing",         "link down"};
    char line[PROGRESS_LINE_MAX];
    struct progress progress = {
        .elapsed_s = 65, .share = 1, .rate_pps = 20000, .answers = 1234567, .records = 2345, .cut = true};
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        progress.phase = phases[i];
        progress.left_s = i == 1 ? -1 : 359999;
        progress.wait_s = i == 4 ? 359999 : 0;
        cr_expect_leq(strlen(progress_format(&progress, 39, line)), 39, "%s", line);
        cr_expect_not_null(strstr(line, phases[i]), "%s", line);
    }
    progress = (struct progress){.phase = "sweeping", .share = 0.5, .left_s = 65, .elapsed_s = 65, .records = 7};
    cr_assert_str_eq(progress_format(&progress, 39, line), " 50 % sweeping, 0:01:05 left  records 7");
    progress.drops = 12;
    cr_assert_str_eq(progress_format(&progress, 39, line), " 50 % sweeping, 0:01:05 left  drops 12");
    cr_assert_str_eq(progress_format(&progress, 60, line),
                     "0:01:05   50 % sweeping, 0:01:05 left  records 7  drops 12");
}

static void conversations(uint64_t open, uint64_t waiting, uint64_t records)
{
    atomic_store(&down.open_conversations, open);
    atomic_store(&down.counters[CONTROL_CONVERSATIONS_QUEUED], waiting);
    atomic_store(&down.counters[CONTROL_RECORDS], records);
}

Test(progress, time_left_includes_the_cooldown_and_conversations_that_wait)
{
    struct progress_source source;
    struct progress got;
    const struct remaining_sweep once = {.positions = 1000, .segment_positions = 1024, .attempts = 1};
    progress_init(&source, &shared, &once, 0);
    source.limits.cooldown_ns = 8 * SECOND;
    atomic_store(&commands.state, DATAPLANE_SWEEPING);
    steps(500);
    count(0, COUNTER_PROBES_SENT, 500);
    count(0, COUNTER_ANSWERS_OPEN, 100);
    conversations(10, 0, 90);
    progress_take(&source, SECOND, &got);
    cr_assert_float_eq(got.left_s, 1 + 8, 1e-6, "half of the probes, and the cooldown: %f", got.left_s);
    // Ten more have ended in a second, of which forty wait and ten are open; a hundred will come.
    source.smooth_conversations = 10;
    conversations(10, 40, 100);
    progress_take(&source, 2 * SECOND, &got);
    cr_assert_float_eq(got.left_s, 150.0 / 10, 1e-6, "%f", got.left_s);
    for (uint32_t w = 0; w < 2; w++)
        atomic_store(&commands.progress[w].finished, 1);
    atomic_store(&commands.state, DATAPLANE_COOLING);
    conversations(0, 0, 200);
    progress_take(&source, 3 * SECOND, &got);
    cr_assert_float_eq(got.left_s, 8, 1e-6, "%f", got.left_s);
    progress_take(&source, 5 * SECOND, &got);
    cr_assert_float_eq(got.left_s, 6, 1e-6, "%f", got.left_s);
}

Test(progress, conversations_that_are_held_later_are_part_of_the_time_left)
{
    struct progress_source source;
    struct progress got;
    const struct remaining_sweep once = {.positions = 1000, .segment_positions = 1024, .attempts = 1};
    progress_init(&source, &shared, &once, 0);
    source.limits.later_s = 0.5;
    atomic_store(&commands.state, DATAPLANE_SWEEPING);
    steps(500);
    count(0, COUNTER_PROBES_SENT, 500);
    count(0, COUNTER_ANSWERS_OPEN, 100);
    progress_take(&source, SECOND, &got);
    cr_assert_float_eq(got.left_s, 1 + 200 * 0.5, 1e-6, "%f", got.left_s);
}

Test(progress, max_runtime_cuts_the_time_left_and_the_line_says_so)
{
    struct progress_source source;
    struct progress got;
    char line[2 * PROGRESS_LINE_MAX];
    const struct remaining_sweep once = {.positions = 1000, .segment_positions = 1024, .attempts = 1};
    progress_init(&source, &shared, &once, 0);
    source.limits.max_runtime_ns = 3 * SECOND;
    atomic_store(&commands.state, DATAPLANE_SWEEPING);
    steps(100);
    count(0, COUNTER_PROBES_SENT, 100);
    progress_take(&source, SECOND, &got);
    cr_assert(got.cut);
    cr_assert_float_eq(got.left_s, 2, 1e-6, "nine seconds of probes, and two of them: %f", got.left_s);
    cr_assert_not_null(strstr(progress_format(&got, 0, line), "sweeping, 0:00:02 left (cut)"), "%s", line);
    cr_assert_not_null(strstr(progress_format_json(&got, line), "\"left_s\":2.0,\"left_cut\":true,"), "%s", line);
}

// "100 % (finishing)" stood there for 95 s, and nobody knew for what.
Test(progress, the_line_says_what_is_waited_for_and_how_long_at_most)
{
    struct progress_source source;
    struct progress got;
    char line[2 * PROGRESS_LINE_MAX];
    progress_init(&source, &shared, &twice, 0);
    atomic_store(&down.counters[CONTROL_WAIT_MS], 125999);
    atomic_store(&commands.state, DATAPLANE_SWEEPING);
    progress_take(&source, SECOND, &got);
    cr_assert_null(strstr(progress_format(&got, 0, line), "at most"), "while probes are sent others may come: %s",
                   line);
    atomic_store(&commands.state, DATAPLANE_COOLED);
    progress_take(&source, 2 * SECOND, &got);
    cr_assert_not_null(strstr(progress_format(&got, 0, line), "finishing, at most 0:02:05"), "%s", line);
    cr_assert_not_null(strstr(progress_format_json(&got, line), "\"wait_s\":126.0,"), "%s", line);
    atomic_store(&down.counters[CONTROL_WAIT_MS], 0);
    progress_take(&source, 3 * SECOND, &got);
    cr_assert_not_null(strstr(progress_format(&got, 0, line), "% finishing"), "%s", line);
}

Test(progress, the_widest_numbers_still_make_a_whole_json_object)
{
    struct progress progress = {
        .phase = "finishing",
        .elapsed_s = 1e12,
        .share = 1,
        .left_s = 1e12,
        .rate_pps = 1e12,
        .probes = UINT64_MAX >> 1,
        .answers = UINT64_MAX >> 1,
        .open = UINT64_MAX >> 1,
        .hit_rate = 1,
        .conversations_open = UINT64_MAX >> 1,
        .conversations_waiting = UINT64_MAX >> 1,
        .records = UINT64_MAX >> 1,
        .drops = UINT64_MAX >> 1,
    };
    char line[2 * PROGRESS_LINE_MAX];
    json_t *object = json_loads(progress_format_json(&progress, line), JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(object, "%s", line);
    const json_t *status = json_object_get(object, "status");
    cr_assert_str_eq(json_string_value(json_object_get(status, "phase")), "finishing");
    cr_assert_eq(json_integer_value(json_object_get(status, "records")), INT64_MAX);
    json_decref(object);
}
