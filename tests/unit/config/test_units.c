// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <math.h>

#include <criterion/criterion.h>

#include "config/prefix.h"
#include "config/reserved.h"
#include "config/units.h"

Test(units, rates_are_read_in_packets_and_bits)
{
    const struct {
        const char *text;
        double per_second;
        bool bits;
    } rows[] = {
        {"20 kpps", 20e3, false}, {"1.5 Mpps", 1.5e6, false}, {"1Gpps", 1e9, false},     {"7 pps", 7, false},
        {"0.5 pps", 0.5, false},  {"1 Gbit/s", 1e9, true},    {"800 kbit/s", 8e5, true}, {"9 bit/s", 9, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct key_rate rate;
        cr_assert_eq(units_rate(rows[i].text, &rate), 0, "%s", rows[i].text);
        cr_assert_float_eq(rate.per_second, rows[i].per_second, 1e-6, "%s", rows[i].text);
        cr_assert_eq(rate.bits, rows[i].bits, "%s", rows[i].text);
    }
}

Test(units, durations_and_shares_are_read)
{
    const struct {
        const char *text;
        uint64_t ns;
    } rows[] = {{"2 s", 2000000000},
                {"250 ms", 250000000},
                {"10 m", 600000000000},
                {"10min", 600000000000},
                {"1 h", 3600000000000},
                {"0.5 us", 500},
                {"3 ns", 3},
                {"0 s", 0},
                {"2 d", 172800000000000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t ns;
        cr_assert_eq(units_duration(rows[i].text, &ns), 0, "%s", rows[i].text);
        cr_assert_eq(ns, rows[i].ns, "%s", rows[i].text);
    }
    double share;
    uint64_t bytes;
    cr_assert(units_bytes("1.5 kB", &bytes) == 0 && bytes == 1500);
    cr_assert(units_bytes("2GiB", &bytes) == 0 && bytes == UINT64_C(2) << 30);
    cr_assert(units_bytes("100000", &bytes) == 0 && bytes == 100000);
    cr_assert_eq(units_bytes("1 gb", &bytes), -EINVAL);
    cr_assert_eq(units_bytes("9223372036854775808", &bytes), -EINVAL);
    cr_assert_eq(units_share("1 %", &share), 0);
    cr_assert_float_eq(share, 0.01, 1e-12);
    cr_assert_eq(units_share("0.25%", &share), 0);
    cr_assert_float_eq(share, 0.0025, 1e-12);
}

Test(units, what_is_no_quantity_is_refused)
{
    const char *rows[] = {"",
                          " ",
                          "s",
                          "1",
                          "1  s",
                          "1 s ",
                          " 1 s",
                          "-1 s",
                          "+1 s",
                          "1e3 s",
                          "0x10 s",
                          "inf s",
                          "nan s",
                          "1..2 s",
                          ".5 s",
                          "5. s",
                          "1.2.3 s",
                          "1 S",
                          "1 parsec",
                          "1\ts",
                          "1 kpp",
                          "1 PPS",
                          "1 kpps/s",
                          "1 bits/s",
                          "99999999999999999999999999999999 s",
                          "999999999999 d"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct key_rate rate;
        uint64_t ns;
        double share;
        cr_assert_eq(units_rate(rows[i], &rate), -EINVAL, "rate \"%s\"", rows[i]);
        cr_assert_eq(units_duration(rows[i], &ns), -EINVAL, "duration \"%s\"", rows[i]);
        cr_assert_eq(units_share(rows[i], &share), -EINVAL, "share \"%s\"", rows[i]);
    }
}

Test(prefix, addresses_cidrs_and_ranges_are_read_and_printed_back)
{
    const struct {
        const char *text;
        uint32_t first;
        uint32_t last;
        const char *printed;
    } rows[] = {
        {"0.0.0.0/0", 0, UINT32_MAX, "0.0.0.0/0"},
        {"10.1.2.3", 0x0a010203, 0x0a010203, "10.1.2.3"},
        {"10.1.2.3/32", 0x0a010203, 0x0a010203, "10.1.2.3"},
        {"192.0.2.0/24", 0xc0000200, 0xc00002ff, "192.0.2.0/24"},
        {"128.0.0.0/1", 0x80000000, UINT32_MAX, "128.0.0.0/1"},
        {"::ffff:10.1.2.3", 0x0a010203, 0x0a010203, "10.1.2.3"},
        {"::FFFF:a01:203/128", 0x0a010203, 0x0a010203, "10.1.2.3"},
        {"::ffff:10.1.2.0/120", 0x0a010200, 0x0a0102ff, "10.1.2.0/24"},
        {"::ffff:0:0/96", 0, UINT32_MAX, "0.0.0.0/0"},
        {"10.0.0.1-10.0.0.9", 0x0a000001, 0x0a000009, "10.0.0.1-10.0.0.9"},
        {"10.0.0.0 - 10.0.0.15", 0x0a000000, 0x0a00000f, "10.0.0.0/28"},
        {"255.255.255.255-255.255.255.255", UINT32_MAX, UINT32_MAX, "255.255.255.255"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct interval interval;
        char printed[32];
        cr_assert_eq(prefix_parse(rows[i].text, &interval), 0, "%s", rows[i].text);
        cr_assert(interval.first == rows[i].first && interval.last == rows[i].last, "%s", rows[i].text);
        prefix_print(interval, printed);
        cr_assert_str_eq(printed, rows[i].printed);
    }
}

Test(prefix, what_is_no_network_is_refused)
{
    const struct {
        const char *text;
        int expected;
    } rows[] = {
        {"", -EINVAL},
        {"10", -EINVAL},
        {"10.0.0", -EINVAL},
        {"10.0.0.256", -EINVAL},
        {"10.0.0.0/", -EINVAL},
        {"10.0.0.0/33", -EINVAL},
        {"10.0.0.0/-1", -EINVAL},
        {"10.0.0.0/08", -EINVAL},
        {"10.0.0.0/8 ", -EINVAL},
        {" 10.0.0.0/8", -EINVAL},
        {"010.0.0.0/8", -EINVAL},
        {"10.0.0.0/8/8", -EINVAL},
        {"10.0.0.1-", -EINVAL},
        {"-10.0.0.1", -EINVAL},
        {"10.0.0.1-10.0.0.0/8", -EINVAL},
        {"host", -EINVAL},
        {"10.0.0.9-10.0.0.1", -ERANGE},
        {"10.0.0.1/24", -ERANGE},
        {"0.0.0.1/0", -ERANGE},
        {"2001:db8::/32", -EAFNOSUPPORT},
        {"::ffff:0:0/95", -EAFNOSUPPORT},
        {"::ffff:10.0.0.1/127", -ERANGE},
        {"::ffff:10.0.0.1/129", -EINVAL},
        {"::1", -EAFNOSUPPORT},
        {"::/129", -EINVAL},
        {"1:2", -EINVAL},
        {"1111111111111111111111111111111111111111111111111111111111111111111111.0.0.0", -EINVAL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct interval interval;
        int error = prefix_parse(rows[i].text, &interval);
        cr_assert_eq(error, rows[i].expected, "\"%s\": %d", rows[i].text, error);
    }
}

Test(reserved, the_registry_holds_what_must_never_be_scanned_by_accident)
{
    const char *inside[] = {"0.1.2.3",        "10.255.0.1",     "100.64.0.1",  "127.0.0.1",   "169.254.169.254",
                            "172.31.255.255", "192.0.0.8",      "192.0.2.1",   "192.88.99.1", "192.168.1.1",
                            "198.19.255.255", "198.51.100.1",   "203.0.113.1", "224.0.0.1",   "239.255.255.255",
                            "240.0.0.1",      "255.255.255.255"};
    const char *outside[] = {"1.1.1.1",        "9.255.255.255",  "11.0.0.0",       "100.63.255.255",
                             "100.128.0.0",    "172.15.255.255", "172.32.0.0",     "192.0.1.0",
                             "198.17.255.255", "198.20.0.0",     "223.255.255.255"};
    struct interval_set set;
    struct interval at;
    interval_set_init(&set);
    for (size_t i = 0; i < reserved_network_count; i++) {
        cr_assert_geq(prefix_length(reserved_networks[i].interval), 0);
        cr_assert_eq(interval_set_add(&set, reserved_networks[i].interval), 0);
    }
    interval_set_seal(&set);
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        cr_assert_eq(prefix_parse(inside[i], &at), 0);
        cr_assert(interval_set_contains(&set, at.first), "%s", inside[i]);
    }
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        cr_assert_eq(prefix_parse(outside[i], &at), 0);
        cr_assert_not(interval_set_contains(&set, at.first), "%s", outside[i]);
    }
    interval_set_fini(&set);
}
