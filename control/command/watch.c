// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "config/units.h"
#include "control/command/subcommands.h"
#include "control/command/watch_child.h"
#include "control/command/watch_past.h"
#include "control/command/watch_webhook.h"
#include "control/report/findings.h"
#include "control/scan/folder.h"

#define INTERVAL_MIN_NS UINT64_C(1000000000)
#define INTERVAL_MAX_NS (UINT64_C(366) * 86400 * 1000000000)

enum { ROUNDS_MAX = 1000000000 };

struct watch {
    const struct invocation *invocation;
    const char *base;    // folder of the rounds
    const char *news;    // what counts as such, for diff's --fail-on
    const char *command; // NULL: none
    const char *webhook; // likewise
    int64_t interval_s;  // 0: one round, now
    uint64_t rounds;     // 0: no end
    bool quiet;
    struct watch_children children;
    struct watch_past past;
};

static enum exit_status refuse(const char *text)
{
    fprintf(stderr, "sonde: scan: %s\n", text);
    return EXIT_USAGE;
}

// ---- Options
// ----------------------------------------------------------------------------------------------------------

enum exit_status watch_check(const struct invocation *invocation)
{
    static const char *const apart[] = {"resume", "dry-run", "force", "pcap"};
    static const char *const own[] = {"rounds", "news", "on-news", "webhook"};
    enum { APART = sizeof(apart) / sizeof(apart[0]), OWN = sizeof(own) / sizeof(own[0]) };
    const char *output = options_value(invocation, "output");
    const char *list = options_value(invocation, "targets-file");
    char text[96];
    bool watches = options_value(invocation, "watch") != NULL;
    for (size_t i = 0; i < (watches ? APART : OWN); i++) {
        const char *name = watches ? apart[i] : own[i];
        if (options_value(invocation, name) == NULL)
            continue;
        (void)snprintf(text, sizeof(text), watches ? "--watch does not go with --%s" : "--%s belongs to --watch", name);
        return refuse(text);
    }
    if (!watches)
        return EXIT_DONE;
    if (output == NULL || strcmp(output, "-") == 0)
        return refuse("--watch keeps each round in a folder of its own: expected --output DIR for them");
    for (int i = 0; i < invocation->operand_count; i++)
        if (strcmp(invocation->operands[i], "-") == 0)
            list = "-";
    return list != NULL && strcmp(list, "-") == 0
               ? refuse("--watch reads its targets anew every round, and standard input can be read but once")
               : EXIT_DONE;
}

static enum exit_status options_take(struct watch *watch)
{
    const char *every = options_value(watch->invocation, "watch");
    const char *rounds = options_value(watch->invocation, "rounds");
    uint64_t ns;
    if (strcmp(every, "once") == 0)
        watch->rounds = 1;
    else if (units_duration(every, &ns) == 0 && ns >= INTERVAL_MIN_NS && ns <= INTERVAL_MAX_NS)
        watch->interval_s = (int64_t)(ns / 1000000000);
    else
        return refuse("--watch: expected a duration from \"1 s\" to \"366 d\", like 24h, or once");
    if (rounds != NULL) {
        char *end;
        errno = 0;
        watch->rounds = strtoull(rounds, &end, 10);
        if (rounds[0] < '1' || rounds[0] > '9' || *end != '\0' || errno != 0 || watch->rounds > ROUNDS_MAX)
            return refuse("--rounds: expected a number from 1 to 1000000000");
    }
    const char *wrong = watch->webhook == NULL ? NULL : webhook_refuses(watch->webhook);
    if (wrong != NULL) {
        char text[96];
        (void)snprintf(text, sizeof(text), "--webhook: %s", wrong);
        return refuse(text);
    }
    watch->news = options_value(watch->invocation, "news");
    if (watch->news == NULL)
        watch->news = "any";
    bool known = strcmp(watch->news, "any") == 0;
    for (int i = 0; i < SEVERITIES; i++)
        known = known || strcmp(watch->news, severity_names[i]) == 0;
    return known ? EXIT_DONE : refuse("--news: expected any, info, low, medium, high or critical");
}

// ---- A round
// ----------------------------------------------------------------------------------------------------------

struct round {
    const struct watch *watch;
    watch_round *run;
    char folder[PATH_MAX];
    char before[PATH_MAX]; // the folder of the last whole round, "" = there is none
    int diff_fd;           // of the file that the difference is written to
};

static int scan_child(void *context)
{
    const struct round *round = context;
    return (int)round->run(round->watch->invocation, round->folder);
}

static int diff_child(void *context)
{
    const struct round *round = context;
    char page[PATH_MAX + 16];
    char message[256];
    struct invocation invocation;
    const char *config = options_value(round->watch->invocation, "config");
    char *argv[12];
    int argc = 0;
    (void)snprintf(page, sizeof(page), "%s/diff.html", round->folder);
    argv[argc++] = (char[]){"diff"};
    argv[argc++] = (char[]){"--json"};
    argv[argc++] = (char[]){"--html"};
    argv[argc++] = page;
    argv[argc++] = (char[]){"--fail-on"};
    argv[argc++] = (char *)(uintptr_t)round->watch->news;
    if (config != NULL) {
        argv[argc++] = (char[]){"--config"};
        argv[argc++] = (char *)(uintptr_t)config;
    }
    argv[argc++] = (char[]){"--"};
    argv[argc++] = (char *)(uintptr_t)round->before;
    argv[argc++] = (char *)(uintptr_t)round->folder;
    argv[argc] = NULL;
    if (dup2(round->diff_fd, STDOUT_FILENO) < 0 ||
        options_parse(&subcommand_diff, argc, argv, &invocation, message) != 0)
        return EXIT_FAILED;
    invocation.program = round->watch->invocation->program;
    return (int)subcommand_diff.run(&invocation);
}

// Standard input of a command is nobody's; what it prints goes where ours does.
static int command_child(void *context)
{
    const struct round *round = context;
    char path[PATH_MAX + 16];
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%s/diff.json", round->folder);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || setenv("SONDE_DIFF", path, 1) != 0)
        return EXIT_FAILED;
    execl("/bin/sh", "sh", "-c", round->watch->command, "sonde", path, (char *)NULL);
    return 127;
}

static int webhook_child(void *context)
{
    const struct round *round = context;
    char path[PATH_MAX + 16];
    char message[WEBHOOK_MESSAGE_BYTES];
    (void)snprintf(path, sizeof(path), "%s/diff.json", round->folder);
    json_t *difference = json_load_file(path, 0, NULL);
    json_t *body = difference == NULL ? NULL : webhook_body(round->folder, difference);
    if (body == NULL) {
        fprintf(stderr, "sonde: watch: --webhook: %s cannot be read\n", path);
        return EXIT_FAILED;
    }
    int error = webhook_post(round->watch->webhook, body, message);
    if (error != 0)
        fprintf(stderr, "sonde: watch: --webhook: the news of %s could not be posted: %s\n", round->folder, message);
    json_decref(body);
    json_decref(difference);
    return error == 0 ? EXIT_DONE : EXIT_FAILED;
}

static void command_tell(struct watch *watch, struct round *round)
{
    int status = watch_child_run(&watch->children, command_child, round, WATCH_COMMAND_S);
    if (status == WATCH_CHILD_LATE)
        fprintf(stderr, "sonde: watch: --on-news: the command was still running after %d s and was killed\n",
                WATCH_COMMAND_S);
    else if (status != 0)
        fprintf(stderr, "sonde: watch: --on-news: the command ended with %d\n", status);
}

static void news_tell(struct watch *watch, struct round *round)
{
    if (!watch->quiet)
        fprintf(stderr, "sonde: watch: there is news: %s/diff.json\n", round->folder);
    if (watch->webhook != NULL)
        (void)watch_child_run(&watch->children, webhook_child, round, WATCH_COMMAND_S);
    if (watch->command != NULL)
        command_tell(watch, round);
}

// Writes diff.json and diff.html beside the records of a round. Returns 0 and whether there is news, or -errno.
static int diff_write(struct watch *watch, struct round *round, bool *ret_news)
{
    char message[512];
    int folder_fd = -1;
    int error = folder_open(round->folder, &folder_fd, message);
    if (error != 0) {
        fprintf(stderr, "sonde: %s\n", message);
        return error;
    }
    error = folder_file_new(folder_fd, "diff.json.part", 0644, &round->diff_fd);
    if (error == 0) {
        int status = watch_child_run(&watch->children, diff_child, round, 0);
        bool is_whole = status == EXIT_DONE || status == EXIT_NEWS;
        error = is_whole ? folder_file_settle(folder_fd, round->diff_fd, "diff.json.part", "diff.json") : -ECANCELED;
        if (!is_whole)
            (void)unlinkat(folder_fd, "diff.json.part", 0);
        *ret_news = status == EXIT_NEWS;
        close(round->diff_fd);
    }
    if (error != 0)
        fprintf(stderr, "sonde: watch: %s: the difference to %s could not be written%s%s\n", round->folder,
                round->before, error == -ECANCELED ? "" : ": ", error == -ECANCELED ? "" : strerror(-error));
    close(folder_fd);
    return error;
}

// One round and what follows from it. Returns how it ended, a child's own exit status.
static int round_run(struct watch *watch, watch_round *run, int64_t now_s)
{
    struct round round = {.watch = watch, .run = run, .diff_fd = -1};
    char name[WATCH_NAME_BYTES];
    bool news = false;
    watch_past_name(now_s, name);
    (void)snprintf(round.folder, sizeof(round.folder), "%s/%s", watch->base, name);
    if (watch->past.whole[0] != '\0')
        (void)snprintf(round.before, sizeof(round.before), "%s/%s", watch->base, watch->past.whole);
    int status = watch_child_run(&watch->children, scan_child, &round, 0);
    if (status != EXIT_DONE) {
        if (watch->children.stops == 0)
            fprintf(stderr, "sonde: watch: %s: this round failed (exit status %d); what follows is compared with %s\n",
                    round.folder, status, round.before[0] != '\0' ? round.before : "the first that succeeds");
        return status;
    }
    memcpy(watch->past.whole, name, sizeof(name));
    if (round.before[0] == '\0') {
        if (!watch->quiet)
            fprintf(stderr, "sonde: watch: %s is the first round: there is nothing to compare it with\n", round.folder);
        return status;
    }
    if (diff_write(watch, &round, &news) != 0)
        return EXIT_FAILED;
    if (news)
        news_tell(watch, &round);
    else if (!watch->quiet)
        fprintf(stderr, "sonde: watch: %s: no news\n", round.folder);
    return status;
}

// ---- The schedule
// -----------------------------------------------------------------------------------------------------

// Rounds begin an interval apart, whatever they take; after one that takes longer the next on the schedule.
static int64_t round_next(const struct watch *watch, int64_t due_s, int64_t now_s)
{
    int64_t late = now_s - due_s;
    int64_t missed = late < watch->interval_s ? 0 : late / watch->interval_s;
    if (missed > 0)
        fprintf(stderr, "sonde: watch: %lld rounds are left out: the last one took longer than the interval\n",
                (long long)missed);
    return due_s + (missed + 1) * watch->interval_s;
}

// A watch that is started again keeps to the interval.
static int64_t round_first(const struct watch *watch, int64_t now_s)
{
    int64_t last_s = watch->past.last_s;
    if (watch->interval_s == 0 || last_s == 0 || last_s > now_s || last_s + watch->interval_s <= now_s)
        return now_s;
    if (!watch->quiet) {
        char name[WATCH_NAME_BYTES];
        watch_past_name(last_s + watch->interval_s, name);
        fprintf(stderr, "sonde: watch: %s has a round that is younger than the interval: the next one begins at %s\n",
                watch->base, name);
    }
    return last_s + watch->interval_s;
}

static enum exit_status rounds_run(struct watch *watch, watch_round *run)
{
    int64_t due_s = round_first(watch, (int64_t)time(NULL));
    int status = EXIT_DONE;
    for (uint64_t done = 0; watch->rounds == 0 || done < watch->rounds; done++) {
        if (done > 0)
            due_s = round_next(watch, due_s, (int64_t)time(NULL));
        if (!watch_children_sleep(&watch->children, due_s, watch->interval_s))
            return EXIT_DONE; // stopped between two rounds: nothing was cut off
        status = round_run(watch, run, (int64_t)time(NULL));
        if (watch->children.stops > 0)
            return EXIT_INTERRUPTED;
        if (done == 0 && status == EXIT_USAGE)
            return EXIT_USAGE;
    }
    return status == EXIT_DONE ? EXIT_DONE : EXIT_FAILED;
}

enum exit_status watch_run(const struct invocation *invocation, watch_round *run)
{
    struct watch watch = {.invocation = invocation,
                          .base = options_value(invocation, "output"),
                          .command = options_value(invocation, "on-news"),
                          .webhook = options_value(invocation, "webhook"),
                          .quiet = options_value(invocation, "quiet") != NULL};
    char message[512] = "";
    bool made;
    int fd = -1;
    enum exit_status status = options_take(&watch);
    if (status != EXIT_DONE)
        return status;
    int error = folder_make(watch.base, &made);
    if (error == 0)
        error = folder_open(watch.base, &fd, message);
    if (error == 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        error = -errno;
        (void)snprintf(message, sizeof(message), "%.400s: %s", watch.base,
                       errno == EWOULDBLOCK ? "another watch writes there now" : strerror(errno));
    }
    if (error == 0)
        error = watch_past_read(watch.base, &watch.past);
    if (error != 0) {
        if (message[0] != '\0')
            fprintf(stderr, "sonde: %s\n", message);
        else
            fprintf(stderr, "sonde: %s: %s\n", watch.base, strerror(-error));
        status = EXIT_FAILED;
    } else {
        watch_children_init(&watch.children);
        status = rounds_run(&watch, run);
    }
    if (fd >= 0)
        close(fd);
    return status;
}
