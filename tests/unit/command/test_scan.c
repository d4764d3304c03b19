// SPDX-License-Identifier: BSD-3-Clause
// `sonde` as people run it. Where it starts programs, a folder of links puts a fake dataplane and a fake control beside
// it.
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/sonde-test-XXXXXX";
static char output_text[64 << 10];

static const char plan_text[] =
    "{\"targets\": [\"10.80.0.0/24\"], \"allow_reserved\": [\"10.0.0.0/8\"], \"services\": [\"ssh\"],"
    " \"rate\": \"100 pps\", \"cooldown\": \"1 s\", \"device\": {\"vdev\": \"net_null0\"},"
    " \"source\": {\"address\": \"10.9.0.2\", \"gateway_mac\": \"02:00:00:00:00:09\"}";

static void link_program(const char *variable, const char *name)
{
    char path[256];
    const char *program = getenv(variable);
    cr_assert_not_null(program, "%s is not set", variable);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    cr_assert_eq(symlink(program, path), 0);
}

static void plan_write(const char *name, const char *text, const char *more)
{
    FILE *file = fopen(name, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_geq(fputs(more, file), 0);
    fclose(file);
}

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    link_program("SONDE", "sonde");
    link_program("FAKE_DATAPLANE_PROGRAM", "sonde-dataplane");
    link_program("FAKE_CONTROL_PROGRAM", "sonde-control");
    cr_assert_eq(chdir(folder), 0);
    plan_write("plan.json", plan_text, "}");
}

static void teardown(void)
{
    char command[128];
    cr_assert_eq(chdir("/"), 0);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(scan, .init = setup, .fini = teardown, .timeout = 60);

// Starts ./sonde with these words; what it prints goes to a file.
static pid_t sonde_start(const char *const *words)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int out = open("printed", O_CREAT | O_TRUNC | O_RDWR, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    char *argv[16] = {strdup("./sonde")};
    for (int i = 0; words[i] != NULL; i++)
        argv[i + 1] = strdup(words[i]);
    execv("./sonde", argv);
    _exit(99);
}

static int sonde_wait(pid_t pid)
{
    int status = 0;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    FILE *file = fopen("printed", "r");
    size_t length = fread(output_text, 1, sizeof(output_text) - 1, file);
    output_text[length] = '\0';
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int sonde(const char *const *words)
{
    return sonde_wait(sonde_start(words));
}

static size_t lines_of(const char *path)
{
    size_t lines = 0;
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        lines += c == '\n';
    fclose(file);
    return lines;
}

static json_t *summary_read(void)
{
    json_error_t error;
    json_t *summary = json_load_file("out/summary.json", JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(summary, "summary.json: %s", error.text);
    return summary;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static const char *const scan_words[] = {"scan", "plan.json", "--quiet", "--output", "out", NULL};

Test(scan, a_whole_scan_leaves_records_and_a_valid_summary)
{
    cr_assert_eq(sonde(scan_words), 0, "%s", output_text);
    cr_assert_str_empty(output_text, "--quiet, but: %s", output_text);
    cr_assert_eq(lines_of("out/records.jsonl"), 1);
    json_t *summary = summary_read();
    cr_assert_str_eq(text_of(summary, "outcome"), "complete");
    cr_assert_gt(json_integer_value(json_object_get(json_object_get(summary, "dataplane"), "probes_sent")), 0);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(summary, "control"), "records")), 1);
    cr_assert_eq(json_array_size(json_object_get(summary, "workers")), 1);
    cr_assert_eq(json_array_size(json_object_get(summary, "inputs")), 4);
    json_decref(summary);
}

Test(scan, results_are_not_overwritten_unless_forced)
{
    cr_assert_eq(sonde(scan_words), 0, "%s", output_text);
    cr_assert_eq(sonde(scan_words), 1);
    cr_assert_not_null(strstr(output_text, "--force"), "%s", output_text);
    cr_assert_eq(lines_of("out/records.jsonl"), 1);
    const char *const forced[] = {"scan", "plan.json", "--quiet", "--output", "out", "--force", NULL};
    cr_assert_eq(sonde(forced), 0, "%s", output_text);
}

static size_t file_bytes(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (size_t)status.st_size : 0;
}

Test(scan, a_forced_scan_that_does_not_start_costs_nothing)
{
    static const char *const files[] = {"out/records.jsonl", "out/summary.json", "out/checkpoint"};
    const char *const forced[] = {"scan", "plan.json", "--quiet", "--output", "out", "--force", NULL};
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
    size_t before[3];
    cr_assert_eq(sonde(scan_words), 0, "%s", output_text);
    for (size_t i = 0; i < 3; i++)
        before[i] = file_bytes(files[i]);
    // Too little for the memory that the programs share.
    struct rlimit all;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    cr_assert_eq(sonde(forced), 1, "%s", output_text);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    cr_assert_not_null(strstr(output_text, "channel could not be made"), "%s", output_text);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_gt(before[i], 0);
        cr_assert_eq(file_bytes(files[i]), before[i], "%s: %zu, then %zu", files[i], before[i], file_bytes(files[i]));
    }
    // Later, when the port turns out not to be there.
    setenv("FAKE_DATAPLANE", "fail", 1);
    cr_assert_eq(sonde(forced), 1, "%s", output_text);
    cr_assert_not_null(strstr(output_text, "the port does not exist"), "%s", output_text);
    cr_assert_not_null(strstr(output_text, "are as they were"), "%s", output_text);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(file_bytes(files[i]), before[i], "%s: %zu, then %zu", files[i], before[i], file_bytes(files[i]));
    cr_assert_eq(system("ls out | grep before"), 256, "something was left behind");
    setenv("FAKE_DATAPLANE", "", 1);
    cr_assert_eq(sonde(forced), 0, "%s", output_text);
    cr_assert_eq(system("ls out | grep before"), 256, "something was left behind");
    cr_assert_eq(lines_of("out/records.jsonl"), 1);
}

Test(scan, a_control_that_dies_or_hangs_is_started_again_and_resumes)
{
    static const char *const modes[] = {"die", "hang"};
    for (size_t i = 0; i < 2; i++) {
        const char *const words[] = {"scan", "plan.json", "--output", "out", "--force", NULL};
        setenv("FAKE_CONTROL", modes[i], 1);
        setenv("FAKE_DATAPLANE", "", 1);
        cr_assert_eq(sonde(words), 0, "%s: %s", modes[i], output_text);
        cr_assert_not_null(strstr(output_text, "starting it again"), "%s: %s", modes[i], output_text);
        cr_assert_eq(lines_of("out/records.jsonl"), 2, "%s", modes[i]);
        json_t *summary = summary_read();
        cr_assert_eq(json_integer_value(json_object_get(summary, "control_starts")), 2, "%s", modes[i]);
        json_decref(summary);
    }
}

// Longer than a control that does not beat at all is waited for.
Test(scan, a_control_that_beats_ahead_of_the_scans_clock_is_not_taken_for_dead)
{
    plan_write("limited.json", plan_text, ", \"max_runtime\": \"9 s\"}");
    const char *const words[] = {"scan", "limited.json", "--quiet", "--output", "out", NULL};
    setenv("FAKE_CONTROL", "ahead", 1);
    setenv("FAKE_DATAPLANE", "endless", 1);
    cr_assert_eq(sonde(words), 0, "%s", output_text);
    cr_assert_str_empty(output_text, "--quiet, but: %s", output_text);
    json_t *summary = summary_read();
    cr_assert_eq(json_integer_value(json_object_get(summary, "control_starts")), 1);
    json_decref(summary);
}

Test(scan, a_tick_that_is_none_is_refused_before_anything_starts)
{
    static const char *const bad[] = {"", "9", "250001", "50ms", "-50", "1e3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setenv("SONDE_TICK_US", bad[i], 1);
        cr_assert_eq(sonde(scan_words), 2, "%s: %s", bad[i], output_text);
        cr_assert_not_null(strstr(output_text, "SONDE_TICK_US"), "%s: %s", bad[i], output_text);
    }
    setenv("SONDE_TICK_US", "100", 1);
    cr_assert_eq(sonde(scan_words), 0, "%s", output_text);
}

Test(scan, a_control_that_dies_often_and_records_all_the_same_is_started_again_as_often)
{
    setenv("FAKE_CONTROL", "die-often", 1);
    setenv("FAKE_DATAPLANE", "endless", 1);
    plan_write("often.json", plan_text, ", \"max_results\": 21}");
    const char *const words[] = {"scan", "often.json", "--quiet", "--output", "out", NULL};
    cr_assert_eq(sonde(words), 0, "%s", output_text);
    json_t *summary = summary_read();
    cr_assert_str_eq(text_of(summary, "outcome"), "max_results");
    cr_assert_eq(json_integer_value(json_object_get(summary, "control_starts")), 21);
    json_decref(summary);
}

Test(scan, a_control_that_always_dies_with_nothing_to_show_is_given_up)
{
    setenv("FAKE_CONTROL", "die-always", 1);
    setenv("FAKE_DATAPLANE", "endless", 1);
    cr_assert_eq(sonde(scan_words), 1, "%s", output_text);
    cr_assert_not_null(strstr(output_text, "giving up"), "%s", output_text);
    json_t *summary = summary_read();
    cr_assert_str_eq(text_of(summary, "outcome"), "failed");
    cr_assert_not_null(strstr(text_of(summary, "failure"), "giving up"));
    json_decref(summary);
}

Test(scan, without_its_dataplane_a_scan_fails_with_the_reason)
{
    static const struct {
        const char *mode;
        const char *reason;
    } cases[] = {
        {"die", "killed by signal 6"},
        {"hang", "has hung"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const words[] = {"scan", "plan.json", "--quiet", "--output", "out", "--force", NULL};
        setenv("FAKE_DATAPLANE", cases[i].mode, 1);
        cr_assert_eq(sonde(words), 1, "%s: %s", cases[i].mode, output_text);
        cr_assert_not_null(strstr(output_text, cases[i].reason), "%s: %s", cases[i].mode, output_text);
        cr_assert_eq(strchr(output_text, '\n')[1], '\0', "one line: %s", output_text);
        json_t *summary = summary_read();
        cr_assert_not_null(strstr(text_of(summary, "failure"), cases[i].reason));
        json_decref(summary);
    }
}

Test(scan, one_that_does_not_start_leaves_nothing_that_demands_force)
{
    setenv("FAKE_DATAPLANE", "fail", 1);
    cr_assert_eq(sonde(scan_words), 1, "%s", output_text);
    cr_assert_not_null(strstr(output_text, "the port does not exist"), "%s", output_text);
    cr_assert_eq(strchr(output_text, '\n')[1], '\0', "one line: %s", output_text);
    cr_assert_neq(access("out", F_OK), 0, "it left a folder");
    setenv("FAKE_DATAPLANE", "", 1);
    cr_assert_eq(sonde(scan_words), 0, "%s", output_text);
}

static void wait_for_records(void)
{
    struct stat status;
    for (int i = 0; i < 500 && (stat("out/records.jsonl", &status) != 0 || status.st_size == 0); i++)
        poll(NULL, 0, 10);
}

Test(scan, a_link_that_goes_down_is_told_at_once_and_that_it_is_up_again)
{
    setenv("FAKE_DATAPLANE", "flap", 1);
    cr_assert_eq(sonde(scan_words), 0, "%s", output_text);
    const char *down = strstr(output_text, "sonde: the link of net_null0 is down: ");
    cr_assert_not_null(down, "%s", output_text);
    cr_assert_not_null(strstr(down, "waited for 1 min\n"), "%s", output_text);
    cr_assert_not_null(strstr(down, "sonde: the link of net_null0 is up again after 0."), "%s", output_text);
}

Test(scan, a_link_that_stays_down_ends_it_as_interrupted_and_resumable)
{
    static const char *const modes[] = {"unplugged", "gone"};
    static const char *const lines[] = {"sonde: the link of net_null0 has been down for 0.4 s: the scan ends here",
                                        "sonde: the interface net_null0 is gone: the scan ends here"};
    plan_write("plan.json", plan_text, ", \"link_wait\": \"400 ms\"}");
    for (size_t i = 0; i < 2; i++) {
        const char *const words[] = {"scan", "plan.json", "--quiet", "--output", "out", "--force", NULL};
        setenv("FAKE_DATAPLANE", modes[i], 1);
        cr_assert_eq(sonde(words), 130, "%s: %s", modes[i], output_text);
        const char *line = strstr(output_text, lines[i]);
        cr_assert_not_null(line, "%s: %s", modes[i], output_text);
        cr_assert_not_null(strstr(line, "sonde scan --resume out goes on\n"), "%s", output_text);
        json_t *summary = summary_read();
        cr_assert_str_eq(text_of(summary, "outcome"), "interrupted");
        json_decref(summary);
    }
    const char *const resume[] = {"scan", "--quiet", "--resume", "out", NULL};
    setenv("FAKE_DATAPLANE", "", 1);
    cr_assert_eq(sonde(resume), 0, "%s", output_text);
}

Test(scan, an_interrupt_ends_it_with_130_and_whole_results)
{
    setenv("FAKE_DATAPLANE", "endless", 1);
    pid_t pid = sonde_start(scan_words);
    wait_for_records();
    kill(pid, SIGINT);
    cr_assert_eq(sonde_wait(pid), 130, "%s", output_text);
    json_t *summary = summary_read();
    cr_assert_str_eq(text_of(summary, "outcome"), "interrupted");
    json_decref(summary);
}

Test(scan, what_ended_early_is_resumed_and_what_is_complete_is_not)
{
    const char *const resume[] = {"scan", "--resume", "out", "--quiet", NULL};
    const char *const both[] = {"scan", "--resume", "out", "--force", NULL};
    setenv("FAKE_DATAPLANE", "die", 1);
    cr_assert_eq(sonde(scan_words), 1);
    json_t *first = summary_read();
    setenv("FAKE_DATAPLANE", "", 1);
    cr_assert_eq(sonde(both), 2, "%s", output_text);
    cr_assert_eq(sonde(resume), 0, "%s", output_text);
    json_t *second = summary_read();
    cr_assert_str_eq(text_of(first, "scan"), text_of(second, "scan"));
    cr_assert_str_eq(text_of(first, "started"), text_of(second, "started"));
    cr_assert_eq(json_integer_value(json_object_get(first, "seed")),
                 json_integer_value(json_object_get(second, "seed")));
    cr_assert_eq(json_integer_value(json_object_get(second, "resumed")), 1);
    json_decref(first);
    json_decref(second);
    cr_assert_eq(sonde(resume), 2);
    cr_assert_not_null(strstr(output_text, "is complete"), "%s", output_text);
    const char *const nowhere[] = {"scan", "--resume", "elsewhere", NULL};
    cr_assert_eq(sonde(nowhere), 2);
    cr_assert_not_null(strstr(output_text, "holds no checkpoint"), "%s", output_text);
    const char *const nothing[] = {"scan", NULL};
    cr_assert_eq(sonde(nothing), 2);
    cr_assert_not_null(strstr(output_text, "expected a plan, or targets"), "%s", output_text);
}

Test(scan, a_disk_that_is_full_is_told_once_and_so_is_its_recovery)
{
    setenv("FAKE_CONTROL", "full", 1);
    cr_assert_eq(sonde(scan_words), 0, "%s", output_text);
    const char *full = strstr(output_text, "sonde: out/records.jsonl: No space left on device; ");
    cr_assert_eq(full, output_text, "%s", output_text);
    cr_assert_not_null(strstr(full, "sonde scan --resume out"), "%s", full);
    const char *again = strstr(full, "\nsonde: out/records.jsonl: can be written again after 0.");
    cr_assert_not_null(again, "%s", full);
    cr_assert_eq(strchr(full, '\n'), again, "%s", full);
    cr_assert_eq(strchr(again + 1, '\n')[1], '\0', "%s", full);
}

Test(scan, records_that_could_not_be_written_make_it_fail_and_say_what_to_do)
{
    const char *const resume[] = {"scan", "--resume", "out", "--quiet", NULL};
    setenv("FAKE_CONTROL", "full-always", 1);
    pid_t pid = sonde_start(scan_words);
    wait_for_records();
    poll(NULL, 0, 500); // the sweep is long over, and it waits for the disk
    kill(pid, SIGINT);
    cr_assert_eq(sonde_wait(pid), 1, "%s", output_text);
    cr_assert_not_null(strstr(output_text,
                              "sonde: 5 records could not be written to out/records.jsonl (No space left on "
                              "device); the journal has their targets: make room, then sonde scan "
                              "--resume out asks them again\n"),
                       "%s", output_text);
    json_t *summary = summary_read();
    cr_assert_eq(json_integer_value(json_object_get(summary, "exit_status")), 1);
    cr_assert_not_null(strstr(text_of(summary, "lost"), "5 records"));
    json_decref(summary);
    setenv("FAKE_CONTROL", "", 1);
    cr_assert_eq(sonde(resume), 0, "%s", output_text);
}

static json_int_t count_of(const json_t *summary, const char *part, const char *counter)
{
    return json_integer_value(json_object_get(json_object_get(summary, part), counter));
}

Test(scan, the_summary_of_a_resumed_scan_counts_what_control_and_port_did_in_all_runs)
{
    const char *const resume[] = {"scan", "--resume", "out", "--quiet", NULL};
    setenv("FAKE_DATAPLANE", "endless", 1);
    pid_t pid = sonde_start(scan_words);
    wait_for_records();
    kill(pid, SIGINT);
    cr_assert_eq(sonde_wait(pid), 130, "%s", output_text);
    setenv("FAKE_DATAPLANE", "", 1);
    cr_assert_eq(sonde(resume), 0, "%s", output_text);
    json_t *summary = summary_read();
    cr_assert_eq(count_of(summary, "control", "segments_in"), 14);
    cr_assert_eq(count_of(summary, "control", "journal_synced_ns"), 0, "a clock of another run");
    cr_assert_eq(count_of(summary, "port", "rx_missed"), 6);
    json_decref(summary);
}

Test(scan, a_control_that_has_to_be_killed_at_the_end_makes_it_fail_and_say_what_to_do)
{
    plan_write("limited.json", plan_text, ", \"max_runtime\": \"1 s\"}");
    const char *const words[] = {"scan", "limited.json", "--quiet", "--output", "out", NULL};
    setenv("FAKE_DATAPLANE", "endless", 1);
    setenv("FAKE_CONTROL", "refuse", 1);
    cr_assert_eq(sonde(words), 1, "%s", output_text);
    cr_assert_not_null(strstr(output_text, "sonde-control did not end as it should (killed by signal 9"), "%s",
                       output_text);
    cr_assert_not_null(strstr(output_text, "sonde scan --resume out"), "%s", output_text);
}

Test(scan, a_second_interrupt_does_not_wait_for_conversations)
{
    setenv("FAKE_DATAPLANE", "endless", 1);
    setenv("FAKE_CONTROL", "refuse", 1);
    pid_t pid = sonde_start(scan_words);
    wait_for_records();
    kill(pid, SIGTERM);
    poll(NULL, 0, 100);
    kill(pid, SIGTERM);
    cr_assert_eq(sonde_wait(pid), 1, "this control has to be killed: %s", output_text);
}

Test(scan, limits_of_the_plan_end_it)
{
    static const struct {
        const char *more;
        const char *outcome;
    } cases[] = {
        {", \"max_results\": 1}", "max_results"},
        {", \"max_runtime\": \"1 s\"}", "max_runtime"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const words[] = {"scan", "limited.json", "--quiet", "--output", "out", "--force", NULL};
        plan_write("limited.json", plan_text, cases[i].more);
        setenv("FAKE_DATAPLANE", "endless", 1);
        cr_assert_eq(sonde(words), 0, "%s: %s", cases[i].outcome, output_text);
        json_t *summary = summary_read();
        cr_assert_str_eq(text_of(summary, "outcome"), cases[i].outcome);
        json_decref(summary);
    }
}

Test(scan, bad_plans_and_command_lines_are_one_line_and_status_2)
{
    plan_write("broken.json", "{\"targets\": ", "");
    plan_write("unknown.json",
               "{\"targets\": [\"10.80.0.0/24\"], \"allow_reserved\": [\"10.0.0.0/8\"], "
               "\"services\": [\"shh\"]}\n",
               "");
    plan_write("public.json", "{\"targets\": [\"8.8.8.0/24\"], \"services\": [\"ssh\"]}\n", "");
    plan_write("nosource.json",
               "{\"targets\": [\"10.80.0.0/24\"], \"allow_reserved\": [\"10.0.0.0/8\"], \"services\": [\"ssh\"], "
               "\"device\": {\"vdev\": \"net_null0\"}}\n",
               "");
    static const struct {
        const char *words[5];
        const char *says;
    } cases[] = {
        {{"check", "broken.json"}, "broken.json"},
        {{"check", "unknown.json"}, "shh"},
        {{"targets", "public.json"}, "contact"},
        {{"check", "not-there.json"}, "not-there.json"},
        {{"scan", "nosource.json"}, "source.address"},
        {{"check", "plan.json", "--fast"}, "--fast"},
        {{"scan"}, "scan: expected a plan, or targets like 192.0.2.0/24"},
        {{"check", "10.0.0.0/24", "-s", "ssh,redsi"},
         "services[1]: unknown service \"redsi\" (did you mean \"redis\"?)"},
        {{"check", "10.0.0.1:66000"}, "10.0.0.1:66000: expected an address and a port like 192.0.2.1:443"},
        {{"check", "10.0.0.0/24:22"}, "ports of networks are given with -p"},
        {{"check", "10.0.0.0/33"}, "command line: targets[0]"},
        {{"check", "10.0.0.0/24", "--rate", "fast"}, "command line: rate: \"fast\": expected a rate"},
        {{"check", "10.0.0.0/24", "--source-vlan", "9999"}, "command line: source.vlan: expected an 802.1Q VLAN id"},
        {{"check", "plan.json", "unknown.json"}, "plan.json and unknown.json are both plans"},
        {{"check", "unknown.json", "--rate", "5"}, "unknown.json:1: services[0]: unknown service"},
        {{"check", "8.8.8.0/24", "-p", "22"}, "contact"},
        {{"scam", "plan.json"}, "\"scam\", did you mean \"scan\"?"},
        {{"explain", "ssh-pasword-login"}, "\"ssh-pasword-login\", did you mean \"ssh-password-login\"?"},
        {{"help", "scam"}, "\"scam\", did you mean \"scan\"?"},
        {{"help", "recods"}, "\"recods\", did you mean \"records\"?"},
        {{"help", "nothing-like-it"}, "\"nothing-like-it\" (see"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(sonde(cases[i].words), 2, "case %zu: %s", i, output_text);
        cr_expect_not_null(strstr(output_text, cases[i].says), "case %zu: %s", i, output_text);
        const char *end = strchr(output_text, '\n');
        cr_expect(end != NULL && end[1] == '\0', "case %zu is one line: %s", i, output_text);
    }
}

// What --print-plan says these words mean.
static json_t *plan_of(const char *const *words)
{
    json_error_t fault;
    cr_assert_eq(sonde(words), 0, "%s", output_text);
    json_t *plan = json_loads(output_text, 0, &fault);
    cr_assert_not_null(plan, "%s: %s", fault.text, output_text);
    return plan;
}

static void expect_plan(const char *const *words, const char *wanted)
{
    json_t *plan = plan_of(words);
    char *text = json_dumps(plan, JSON_COMPACT | JSON_SORT_KEYS);
    cr_expect_str_eq(text, wanted);
    free(text);
    json_decref(plan);
}

Test(scan, a_line_is_a_plan_of_its_own)
{
    expect_plan((const char *[]){"scan", "10.80.0.0/24", "10.81.0.1", "-p", "22,80-81", "-s", "redis", "--device-vdev",
                                 "net_null0", "--print-plan", NULL},
                "{\"allow_reserved\":[\"10.80.0.0/24\",\"10.81.0.1\"],\"device\":{\"vdev\":\"net_null0\"},\"services\":"
                "[\"22\",\"80-81\",\"redis\"],\"targets\":[\"10.80.0.0/24\",\"10.81.0.1\"]}");
    expect_plan((const char *[]){"scan", "192.168.1.1", "--device-vdev", "net_null0", "--print-plan", NULL},
                "{\"allow_reserved\":[\"192.168.1.1\"],\"device\":{\"vdev\":\"net_null0\"},\"services\":[\"all\"],"
                "\"targets\":[\"192.168.1.1\"]}");
}

Test(scan, options_win_over_a_plan_but_what_it_excludes_stays_excluded)
{
    plan_write("mixed.json", plan_text, ", \"exclude\": [\"10.80.0.9\"], \"ranges\": {}, \"feeds\": \"feeds\"}");
    json_t *plan =
        plan_of((const char *[]){"scan", "mixed.json", "--rate", "7", "--exclude", "10.80.0.5", "--print-plan", NULL});
    char *text = json_dumps(json_object_get(plan, "exclude"), JSON_COMPACT);
    cr_expect_str_eq(text, "[\"10.80.0.9\",\"10.80.0.5\"]");
    cr_expect_float_eq(json_number_value(json_object_get(plan, "rate")), 7, 1e-9);
    cr_expect_eq(json_string_value(json_object_get(plan, "feeds"))[0], '/', "a relative path stayed");
    cr_expect_eq(json_array_size(json_object_get(plan, "targets")), 1);
    free(text);
    json_decref(plan);
    plan = plan_of((const char *[]){"scan", "mixed.json", "10.80.0.1", "--print-plan", NULL});
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(plan, "targets"), 0)), "10.80.0.1");
    json_decref(plan);
}

Test(scan, a_line_is_scanned_resumed_from_what_it_kept_and_ends_with_a_table)
{
    const char *const words[] = {"scan",
                                 "10.80.0.0/24",
                                 "-p",
                                 "22",
                                 "--source-address",
                                 "10.9.0.2",
                                 "--source-gateway-mac",
                                 "02:00:00:00:00:09",
                                 "--device-vdev=net_null0",
                                 "--cooldown=1",
                                 "--output=out",
                                 NULL};
    cr_assert_eq(sonde(words), 0, "%s", output_text);
    cr_assert_not_null(strstr(output_text, "address"), "no table: %s", output_text);
    json_error_t fault;
    json_t *kept = json_load_file("out/scan-plan.json", 0, &fault);
    cr_assert_not_null(kept, "%s", fault.text);
    cr_expect_str_eq(json_string_value(json_object_get(json_object_get(kept, "source"), "address")), "10.9.0.2");
    json_decref(kept);
    json_t *summary = summary_read();
    cr_expect_not_null(strstr(text_of(json_object_get(summary, "plan"), "path"), "out/scan-plan.json"));
    json_decref(summary);
    cr_assert_eq(sonde((const char *[]){"scan", "--resume", "out", NULL}), 2);
    cr_assert_not_null(strstr(output_text, "complete: there is nothing to resume"), "%s", output_text);
}

Test(scan, check_and_targets_print_valid_json)
{
    static const char *const names[] = {"check", "targets"};
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(sonde((const char *const[]){names[i], "plan.json", "--json", NULL}), 0, "%s", output_text);
        json_t *object = json_loads(output_text, JSON_REJECT_DUPLICATES, NULL);
        cr_assert_not_null(object, "%s: %s", names[i], output_text);
        cr_assert_eq(json_integer_value(json_object_get(object, "addresses")), 256, "%s", names[i]);
        json_decref(object);
    }
}

Test(scan, the_version_is_printed_and_so_is_help)
{
    cr_assert_eq(sonde((const char *const[]){"--version", NULL}), 0);
    cr_assert_eq(strncmp(output_text, "sonde ", 6), 0);
    cr_assert_eq(sonde((const char *const[]){"help", "scan", NULL}), 0);
    cr_assert_not_null(strstr(output_text, "--dry-run FILE"));
    cr_assert_eq(sonde((const char *const[]){NULL}), 2);
}

Test(scan, every_finding_is_explained)
{
    cr_assert_eq(sonde((const char *[]){"help", "findings", NULL}), 0);
    char *all = strdup(output_text);
    size_t count = 0;
    for (char *line = strtok(all, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char id[64];
        int end = 0;
        // "  ssh-password-login: medium"
        if (sscanf(line, "  %63[a-z0-9-]: %n", id, &end) != 1 || end == 0)
            continue;
        cr_expect_eq(sonde((const char *[]){"explain", id, NULL}), 0, "%s: %s", id, output_text);
        cr_expect_eq(strncmp(output_text, id, strlen(id)), 0, "%s: %s", id, output_text);
        cr_expect_not_null(strstr(output_text, "It is reported when"), "%s: %s", id, output_text);
        cr_expect_not_null(strstr(output_text, "What to do:\n\n  "), "%s: %s", id, output_text);
        count++;
    }
    cr_assert_gt(count, 100);
    free(all);
    cr_assert_eq(sonde((const char *[]){"explain", "ssh-password-login", NULL}), 0);
    cr_expect_not_null(strstr(output_text, "ssh.methods has \"password\"\n"), "%s", output_text);
}

Test(scan, help_explains_plans_records_and_the_catalogues_that_a_scan_would_use)
{
    static const struct {
        const char *topic;
        const char *says[4];
    } rows[] = {
        {"plan", {"  network_rate: rate, 0.001", "      The most probes a second"}},
        {"records",
         {"  outcome: text", "  ssh.software: text, at most 255 bytes\n      software version it names\n",
          "  truncated: list\n", "  zero-window\n"}},
        {"findings",
         {"  exposed-telnet: high\n", "      when {\"service\": {\"sensitive\": true}}\n      unless exposed-*\n"}},
        {"services",
         {"\nhttp-alt       8000,8008,8080,8888  http",
          "\nredis          6379                 redis          sensitive"}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(sonde((const char *const[]){"help", rows[i].topic, NULL}), 0, "%s", output_text);
        for (size_t j = 0; j < 4 && rows[i].says[j] != NULL; j++)
            cr_expect_not_null(strstr(output_text, rows[i].says[j]), "%s lacks %s: %s", rows[i].topic, rows[i].says[j],
                               output_text);
    }
    // Catalogues beside the sonde that was called come first; wrong ones are refused as a scan refuses them.
    plan_write("services.json", "{\"services\": [{\"name\": \"ours\", \"port\": 7}]}", "");
    plan_write("findings.json", "{\"findings\": [{\"id\": \"ours\"}]}", "");
    cr_expect_eq(sonde((const char *const[]){"help", "services", NULL}), 0, "%s", output_text);
    cr_expect_not_null(strstr(output_text, "\nours     7      (listens)"), "%s", output_text);
    cr_expect_null(strstr(output_text, "redis"), "%s", output_text);
    cr_expect_eq(sonde((const char *const[]){"help", "findings", NULL}), 1, "%s", output_text);
    cr_expect_not_null(strstr(output_text, "findings.json:1: findings[0]: "), "%s", output_text);
}
