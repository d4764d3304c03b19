// SPDX-License-Identifier: BSD-3-Clause
// Timer wheel, hash, queue, journal, sink and sandbox.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/store/journal.h"
#include "control/converse/queue.h"
#include "control/sandbox.h"
#include "control/store/sink.h"
#include "control/converse/hash.h"
#include "control/converse/wheel.h"

enum { TIMERS = 2000 };

Test(wheel, every_timer_expires_once_within_two_ticks_of_its_deadline)
{
    static struct wheel wheel;
    static struct wheel_timer timers[TIMERS];
    uint64_t now_ns = 5 * WHEEL_TICK_NS + 17;
    size_t expired = 0;
    srand(1);
    wheel_init(&wheel, now_ns);
    for (size_t i = 0; i < TIMERS; i++)
        wheel_set(&wheel, &timers[i],
                  now_ns + (uint64_t)rand() % (40 * UINT64_C(1000000000))); // some turns of the wheel
    for (size_t i = 0; i < TIMERS; i += 10)
        wheel_stop(&timers[i]);
    while (now_ns < 60 * UINT64_C(1000000000)) {
        struct wheel_timer *timer;
        uint64_t step_ns = (uint64_t)rand() % 3000000;
        now_ns += step_ns;
        while ((timer = wheel_expired(&wheel, now_ns)) != NULL) {
            cr_assert_neq((timer - timers) % 10, 0, "it was stopped");
            cr_assert_leq(timer->deadline_ns, now_ns);
            cr_assert_leq(now_ns - timer->deadline_ns, 2 * WHEEL_TICK_NS + step_ns);
            cr_assert_not(wheel_running(timer));
            expired++;
        }
    }
    cr_assert_eq(expired, TIMERS - TIMERS / 10);
}

Test(wheel, a_timer_set_anew_expires_at_its_new_deadline_also_after_a_long_pause)
{
    static struct wheel wheel;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 0);
    wheel_set(&wheel, &timer, 10 * WHEEL_TICK_NS);
    wheel_set(&wheel, &timer, 50000 * WHEEL_TICK_NS);
    cr_assert_null(wheel_expired(&wheel, 49999 * WHEEL_TICK_NS));
    cr_assert_eq(wheel_expired(&wheel, 100001 * WHEEL_TICK_NS), &timer);
    cr_assert_null(wheel_expired(&wheel, 200000 * WHEEL_TICK_NS));
}

Test(hash, holds_what_a_plain_array_holds_through_growth_and_removal)
{
    enum { KEYS = 5000 };
    static uint32_t truth[KEYS];
    struct hash hash;
    srand(5);
    cr_assert_eq(hash_init(&hash, 0), 0);
    for (int i = 0; i < 200000; i++) {
        uint32_t key = (uint32_t)rand() % KEYS;
        if (rand() % 2 == 0) {
            truth[key] = (uint32_t)i + 1;
            cr_assert_eq(hash_put(&hash, (uint64_t)key << 32, truth[key]), 0);
        } else {
            cr_assert_eq(hash_remove(&hash, (uint64_t)key << 32), truth[key] != 0);
            truth[key] = 0;
        }
    }
    size_t count = 0;
    for (uint64_t key = 0; key < KEYS; key++) {
        cr_assert_eq(hash_find(&hash, key << 32), truth[key] == 0 ? HASH_NONE : truth[key]);
        count += truth[key] != 0 ? 1 : 0;
    }
    cr_assert_eq(hash.count, count);
    hash_fini(&hash);
}

Test(queue, gives_back_in_order_across_growth)
{
    struct queue queue = {0};
    struct target target = {0};
    uint64_t put = 0;
    uint64_t taken = 0;
    for (int i = 0; i < 3000; i++) {
        for (int j = 0; j < 3; j++, put++)
            cr_assert_eq(queue_put(&queue, &(struct target){.position = put}), 0);
        cr_assert(queue_take(&queue, &target));
        cr_assert_eq(target.position, taken++);
    }
    while (queue_take(&queue, &target))
        cr_assert_eq(target.position, taken++);
    cr_assert_eq(taken, put);
    queue_fini(&queue);
}

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

static int line_visit(void *context, const char *line, size_t length)
{
    cr_assert_eq(length, 3);
    cr_assert_arr_eq(line, "abc", 3);
    (*(size_t *)context)++;
    return 0;
}

Test(sink, ends_at_a_whole_record_wherever_the_file_was_torn)
{
    for (off_t size = 0; size <= 12; size++) {
        struct sink sink;
        uint64_t cut = 0;
        size_t lines = 0;
        int fd = memfd_create("records", 0);
        cr_assert_eq(write(fd, "abc\nabc\nabc\n", 12), 12);
        cr_assert_eq(ftruncate(fd, size), 0);
        cr_assert_eq(sink_init(&sink, fd, &cut), 0);
        cr_assert_eq(cut, (uint64_t)size % 4);
        cr_assert_eq(sink_append(&sink, "abc\n", 4), 0);
        cr_assert_eq(sink_walk(&sink, line_visit, &lines), 0);
        cr_assert_eq(lines, (size_t)size / 4 + 1);
        sink_fini(&sink);
        close(fd);
    }
}

Test(sink, a_failed_write_leaves_the_file_at_a_whole_record)
{
    struct sink sink;
    uint64_t cut;
    struct rlimit limit;
    int fd = memfd_create("records", 0);
    cr_assert_eq(sink_init(&sink, fd, &cut), 0);
    cr_assert_eq(sink_append(&sink, "abc\n", 4), 0);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 6; // two bytes of the next four fit
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(sink_append(&sink, "abc\n", 4), -EFBIG);
    cr_assert_eq(lseek(fd, 0, SEEK_END), 4);
    limit.rlim_cur = before;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(sink_append(&sink, "abc\n", 4), 0);
    cr_assert_eq(lseek(fd, 0, SEEK_END), 8);
    sink_fini(&sink);
    close(fd);
}

static void *open_later(void *argument)
{
    _Atomic bool *closed = argument;
    while (!atomic_load(closed))
        sched_yield();
    _exit(open("/etc/passwd", O_RDONLY) >= 0 ? 2 : 0);
}

static void file_open(void)
{
    _exit(open("/etc/passwd", O_RDONLY) >= 0 ? 2 : 0);
}

static void socket_open(void)
{
    _exit(socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 2 : 0);
}

static void program_run(void)
{
    execl("/bin/true", "true", NULL);
    _exit(0);
}

static void code_map(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _exit(memory != MAP_FAILED ? 2 : 0);
}

static void root_become(void)
{
    _exit(setuid(0) == 0 && geteuid() == 0 ? 2 : 0);
}

static void memory_use(void)
{
    char *memory = malloc(3 << 20);
    memset(memory, 1, 3 << 20);
    free(memory);
    _exit(write(2, "", 0) == 0 ? 0 : 2);
}

// How the act ends inside the sandbox: its exit status, or minus the signal.
static int inside(void (*act)(void))
{
    int status = 0;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        if (sandbox_drop(65534, 65534, parent) != 0 || sandbox_close(UINT64_C(1) << 30) != 0)
            _exit(99);
        act();
        _exit(98);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

Test(sandbox, refuses_files_and_ends_the_process_for_anything_stranger)
{
    cr_assert_eq(inside(memory_use), 0, "what control needs goes on");
    cr_assert_eq(inside(file_open), 0, "no file is opened");
#if defined(__SANITIZE_ADDRESS__)
    int refused = 0; // a sanitizer's runtime must be able to report, so refusals are errors there
#else
    int refused = -SIGSYS;
#endif
    cr_assert_eq(inside(socket_open), refused);
    cr_assert_eq(inside(program_run), refused == 0 ? 0 : -SIGSYS);
    cr_assert_eq(inside(code_map), refused);
    cr_assert_eq(inside(root_become), refused);
}

Test(sandbox, holds_for_threads_that_were_there_before)
{
    int status = 0;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        static _Atomic bool closed;
        pthread_t thread;
        if (pthread_create(&thread, NULL, open_later, &closed) != 0)
            _exit(97);
        if (sandbox_drop(65534, 65534, parent) != 0 || sandbox_close(UINT64_C(1) << 30) != 0)
            _exit(99);
        atomic_store(&closed, true);
        for (;;)
            usleep(1000);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}
