// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/store/journal.h"

static int count_visit(void *context, const struct journal_entry *entry)
{
    uint64_t *count = context;
    cr_assert_eq(entry->position, *count);
    (*count)++;
    return 0;
}

static uint64_t journal_count(int fd, uint64_t seed, int expected)
{
    struct journal journal;
    uint64_t count = 0;
    cr_assert_eq(journal_init(&journal, fd, seed, true), expected);
    if (expected != 0)
        return 0;
    cr_assert_eq(journal_walk(&journal, count_visit, &count), 0);
    journal_fini(&journal);
    return count;
}

Test(journal, cut_at_every_byte_it_keeps_the_whole_entries_and_goes_on)
{
    struct journal journal;
    struct journal_entry entries[10];
    int fd = memfd_create("journal", 0);
    cr_assert_eq(journal_init(&journal, fd, 42, false), 0);
    for (uint64_t i = 0; i < 10; i++)
        entries[i] = (struct journal_entry){.position = i, .address = 1, .port = 2, .kind = JOURNAL_TAKEN};
    cr_assert_eq(journal_append(&journal, entries, 10), 0);
    cr_assert_eq(journal_sync(&journal), 0);
    off_t whole = (off_t)journal.end;
    journal_fini(&journal);
    cr_assert_eq(journal_count(fd, 42, 0), 10);
    cr_assert_eq(journal_count(fd, 43, -EPROTO), 0);
    for (off_t size = whole; size-- > (off_t)sizeof(struct journal_header);) {
        cr_assert_eq(ftruncate(fd, size), 0);
        uint64_t left = (uint64_t)(size - (off_t)sizeof(struct journal_header)) / sizeof(struct journal_entry);
        cr_assert_eq(journal_count(fd, 42, 0), left);
        cr_assert_eq(lseek(fd, 0, SEEK_END), (off_t)(sizeof(struct journal_header) + left * sizeof(entries[0])));
    }
    close(fd);
}

Test(journal, a_tail_of_rubbish_is_cut_and_a_damaged_entry_costs_no_other)
{
    struct journal journal;
    struct journal_entry entries[3];
    uint64_t count = 0;
    uint8_t rubbish[100];
    memset(rubbish, 0xa5, sizeof(rubbish));
    int fd = memfd_create("journal", 0);
    cr_assert_eq(journal_init(&journal, fd, 1, false), 0);
    for (uint64_t i = 0; i < 3; i++)
        entries[i] = (struct journal_entry){.position = i == 0 ? 99 : i - 1, .kind = JOURNAL_TAKEN};
    cr_assert_eq(journal_append(&journal, entries, 3), 0);
    cr_assert_eq(pwrite(fd, rubbish, 8, sizeof(struct journal_header)), 8); // the first entry's position
    cr_assert_eq(pwrite(fd, rubbish, sizeof(rubbish), (off_t)journal.end), (ssize_t)sizeof(rubbish));
    journal_fini(&journal);
    cr_assert_eq(journal_init(&journal, fd, 1, true), 0);
    cr_assert_eq(lseek(fd, 0, SEEK_END), (off_t)(sizeof(struct journal_header) + 3 * sizeof(entries[0])));
    cr_assert_eq(journal_walk(&journal, count_visit, &count), 0);
    cr_assert_eq(count, 2);
    journal_fini(&journal);
    close(fd);
}
