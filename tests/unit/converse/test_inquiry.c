// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "control/converse/inquiry.h"
#include "probes/packet/suspect.h"

#define SECOND UINT64_C(1000000000)

// A port that has sent so many bytes since 100 s, at that time; `before` what its earlier connections lasted.
struct course {
    const char *what;
    uint64_t seconds;
    uint64_t before;
    uint32_t bytes;
    bool recognised;
    bool marked;
};

Test(inquiry, who_keeps_sending_what_is_nobodys_is_a_tarpit)
{
    static const struct course courses[] = {
        {"a byte a second, longer than it is let", 10, 0, 10, false, true},
        {"the same, and more than that", 12, 0, 12, false, true},
        {"not as long: its host's time was spent on other ports", 9, 0, 9, false, false},
        {"enough bytes for the time that it took", 10, 0, 10 * 16 + 1, false, false},
        {"enough bytes, and longer than all its connections may last", 5, 10, 5 * 16 + 1, false, true},
        {"without end", 1, 0, INQUIRY_BYTES_MAX + 1, false, true},
        {"nothing at all", 15, 0, 0, false, false},
        {"a slow server of a protocol that we know", 10, 0, 10, true, false},
    };
    for (size_t i = 0; i < sizeof(courses) / sizeof(courses[0]); i++) {
        const struct course *course = &courses[i];
        struct inquiry inquiry = {
            .began_ns = 100 * SECOND,
            .spent_ns = course->before * SECOND,
            .patience_ns = 5 * SECOND,
            .bytes = course->bytes,
            .heard = course->bytes,
            .registered = true,
            .conversation = (struct conversation *)(uintptr_t)1,
        };
        observation_init(&inquiry.observation);
        if (course->recognised)
            learn_word(&inquiry.observation, FIELD(root, service), "http");
        inquiry_judge_waste(&inquiry, (100 + course->seconds) * SECOND);
        cr_expect_eq((inquiry.target.suspect & SUSPECT_TARPIT) != 0, course->marked, "%s", course->what);
        observation_fini(&inquiry.observation);
    }
}

Test(inquiry, what_is_recorded_is_marked_no_more)
{
    struct inquiry inquiry = {.began_ns = SECOND, .patience_ns = SECOND, .bytes = 9, .heard = 9, .recorded = true};
    observation_init(&inquiry.observation);
    inquiry_judge_waste(&inquiry, 1000 * SECOND);
    cr_expect_eq(inquiry.target.suspect, 0);
    observation_fini(&inquiry.observation);
}
