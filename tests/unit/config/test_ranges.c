// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "config/prefix.h"
#include "config/ranges.h"
#include "config/image/targets.h"
#include "config/targets_build.h"
#include "tests/unit/config/clouds.h"

static struct complaint complaint;

static int read_text(struct range_list *list, const char *provider, const char *text)
{
    struct input input = {.text = (char *)(uintptr_t)text, .length = strlen(text)};
    return range_list_read(list, provider, "ranges", &input, &complaint);
}

static void assert_owner(const struct range_list *list, const struct range_attribution *attribution,
                         const char *address, const char *expected)
{
    struct attribution_table table = {attribution->edges, attribution->edge_count, attribution->items,
                                      attribution->item_count};
    struct interval at;
    char owner[256];
    cr_assert_eq(prefix_parse(address, &at), 0);
    const struct attribution *found = attribution_find(&table, at.first);
    const char *strings = list->strings.bytes;
    snprintf(owner, sizeof(owner), "%s/%s/%s %s%s", strings + found->provider, strings + found->cloud_service,
             strings + found->region, strings + found->responsible, strings + found->country);
    cr_assert_str_eq(owner, expected, "%s: %s instead of %s", address, owner, expected);
}

static const char aws[] =
    "{\"syncToken\":\"1\",\"prefixes\":["
    "{\"ip_prefix\":\"10.1.0.0/16\",\"region\":\"us-east-1\",\"service\":\"AMAZON\"},"
    "{\"ip_prefix\":\"10.1.0.0/17\",\"region\":\"us-east-1\",\"service\":\"EC2\",\"network_border_group\":\"x\"},"
    "{\"ip_prefix\":\"10.1.1.0/24\",\"region\":\"us-east-1\",\"service\":\"S3\"},"
    "{\"ip_prefix\":\"10.1.1.0/24\",\"region\":\"us-east-1\",\"service\":\"API_GATEWAY\"},"
    "{\"ip_prefix\":\"10.1.1.128/25\",\"region\":\"us-east-1\",\"service\":\"EC2\"},"
    "{\"ip_prefix\":\"10.1.1.7/32\",\"region\":\"GLOBAL\",\"service\":\"S3\"}],"
    "\"ipv6_prefixes\":[{\"ipv6_prefix\":\"2600::/16\",\"region\":\"r\",\"service\":\"EC2\"}]}";
static const char azure[] =
    "{\"changeNumber\":1,\"cloud\":\"Public\",\"values\":["
    "{\"name\":\"Storage\",\"properties\":{\"region\":\"\",\"systemService\":\"AzureStorage\","
    "\"addressPrefixes\":[\"10.2.5.0/24\",\"2603::/16\"]}},"
    "{\"name\":\"Storage.EastUS\",\"properties\":{\"region\":\"eastus\",\"systemService\":\"AzureStorage\","
    "\"addressPrefixes\":[\"10.2.5.0/24\"]}},"
    "{\"name\":\"FrontDoor\",\"properties\":{\"region\":\"\",\"systemService\":\"FrontDoor\","
    "\"addressPrefixes\":[\"10.2.6.0/24\"]}},"
    "{\"name\":\"AzureCloud.westus\",\"properties\":{\"region\":\"westus\",\"systemService\":\"\","
    "\"addressPrefixes\":[\"10.2.0.0/16\"]}},"
    "{\"name\":\"AzureCloud\",\"properties\":{\"region\":\"\",\"systemService\":\"\","
    "\"addressPrefixes\":[\"10.2.0.0/16\"]}}]}";
static const char google[] = "{\"syncToken\":\"1\",\"prefixes\":["
                             "{\"ipv4Prefix\":\"10.3.0.0/16\",\"service\":\"Google Cloud\",\"scope\":\"us-west1\"},"
                             "{\"ipv6Prefix\":\"2600::/16\",\"service\":\"Google Cloud\",\"scope\":\"us-west1\"}]}";
static const char oracle[] =
    "{\"regions\":[{\"region\":\"us-ashburn-1\",\"cidrs\":[{\"cidr\":\"10.4.0.0/16\",\"tags\":[\"OCI\"]},"
    "{\"cidr\":\"10.4.1.0/24\",\"tags\":[\"OBJECT_STORAGE\"]}]}]}";

Test(ranges, the_most_specific_service_owns_an_address)
{
    struct range_list list;
    struct range_attribution attribution;
    cr_assert_eq(range_list_init(&list), 0);
    cr_assert_eq(read_text(&list, "aws", aws), 0, "%s", complaint.text);
    cr_assert_eq(read_text(&list, "azure", azure), 0, "%s", complaint.text);
    cr_assert_eq(read_text(&list, "google", google), 0, "%s", complaint.text);
    cr_assert_eq(read_text(&list, "oracle", oracle), 0, "%s", complaint.text);
    cr_assert_eq(read_text(&list, "fastly", "{\"addresses\":[\"10.5.0.0/24\"],\"ipv6_addresses\":[]}"), 0);
    cr_assert_eq(read_text(&list, "linode",
                           "# "
                           "feed\n10.6.0.0/24,US,US-NJ,Newark,\n10.6.1.0/24,DE,,,\n10.8.0.0/16,US,US-NJ,,\n10.8.9.0/"
                           "24,FR,FR-IDF,,\n::/8,US,,,\n"),
                 0);
    cr_assert_eq(read_text(&list, "cloudflare", "255.255.255.0/24\r\n\r\n2400::/32\n"), 0);
    cr_assert_eq(range_list_attribute(&list, &attribution), 0);
    const char *rows[][2] = {
        {"0.0.0.0", "// "},
        {"10.0.255.255", "// "},
        {"10.1.0.0", "aws/EC2/us-east-1 customer"},
        {"10.1.1.0", "aws/API_GATEWAY/us-east-1 provider"},
        {"10.1.1.7", "aws/S3/GLOBAL provider"},
        {"10.1.1.8", "aws/API_GATEWAY/us-east-1 provider"},
        {"10.1.1.200", "aws/API_GATEWAY/us-east-1 provider"},
        {"10.1.128.0", "aws/AMAZON/us-east-1 "},
        {"10.1.255.255", "aws/AMAZON/us-east-1 "},
        {"10.2.0.0", "azure/AzureCloud/westus customer"},
        {"10.2.5.9", "azure/AzureStorage/eastus provider"},
        {"10.2.6.9", "azure/FrontDoor/westus provider"},
        {"10.3.9.9", "google/Google Cloud/us-west1 customer"},
        {"10.4.0.1", "oracle/OCI/us-ashburn-1 customer"},
        {"10.4.1.1", "oracle/OBJECT_STORAGE/us-ashburn-1 provider"},
        {"10.5.0.255", "fastly// "},
        {"10.5.1.0", "// "},
        {"10.6.0.0", "linode//US-NJ US"},
        {"10.6.1.0", "linode//DE DE"},
        {"10.8.8.0", "linode//US-NJ US"},
        {"10.8.9.1", "linode//FR-IDF FR"},
        {"255.255.254.255", "// "},
        {"255.255.255.255", "cloudflare// "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_owner(&list, &attribution, rows[i][0], rows[i][1]);
    range_attribution_fini(&attribution);
    range_list_fini(&list);
}

Test(ranges, an_owner_has_the_date_of_the_providers_list_where_it_has_one)
{
    static const struct {
        const char *provider;
        const char *text;
        uint32_t date;
    } files[] = {
        {"aws", "{\"createDate\":\"2025-07-24-20-23-14\",\"prefixes\":[{\"ip_prefix\":\"10.0.0.0/8\"}]}", 1753388594},
        {"google", "{\"creationTime\":\"2025-07-24T07:03:28.321\",\"prefixes\":[{\"ipv4Prefix\":\"10.0.0.0/8\"}]}",
         1753340608},
        {"oracle",
         "{\"last_updated_timestamp\":\"2025-07-24T07:03:28.321\",\"regions\":[{\"region\":\"r\",\"cidrs\":[{\"cidr\":"
         "\"10.0.0.0/8\",\"tags\":[\"OCI\"]}]}]}",
         1753340608},
        {"aws", "{\"createDate\":\"2525-07-24-20-23-14\",\"prefixes\":[{\"ip_prefix\":\"10.0.0.0/8\"}]}", 0},
        {"aws", "{\"createDate\":\"1925-07-24-20-23-14\",\"prefixes\":[{\"ip_prefix\":\"10.0.0.0/8\"}]}", 0},
        {"linode", "10.0.0.0/8,US,,,\n", 0},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct range_list list;
        struct range_attribution attribution;
        cr_assert_eq(range_list_init(&list), 0);
        cr_assert_eq(read_text(&list, files[i].provider, files[i].text), 0, "%s", complaint.text);
        cr_assert_eq(range_list_attribute(&list, &attribution), 0);
        cr_assert_eq(attribution.item_count, 2);
        cr_expect_eq(attribution.items[1].list_date, files[i].date, "%zu: %u", i, attribution.items[1].list_date);
        range_attribution_fini(&attribution);
        range_list_fini(&list);
    }
}

Test(ranges, selectors_are_globs_without_regard_to_case)
{
    struct range_list list;
    cr_assert_eq(range_list_init(&list), 0);
    cr_assert_eq(read_text(&list, "aws", aws), 0);
    cr_assert_eq(read_text(&list, "azure", azure), 0);
    const struct {
        struct range_selector selector;
        size_t rows;
        uint64_t addresses;
    } rows[] = {
        {{"aws", "S3", NULL}, 2, 256},
        {{"aws", "s3", "glob*"}, 1, 1},
        {{"a*", "*", "*"}, 11, 131072},
        {{"azure", NULL, "east*"}, 1, 256},
        {{"azure", "azurecloud", "westus"}, 1, 65536},
        {{"google", NULL, NULL}, 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct interval_set set;
        size_t matched;
        interval_set_init(&set);
        cr_assert_eq(range_list_select(&list, &rows[i].selector, &set, &matched), 0);
        interval_set_seal(&set);
        cr_assert_eq(matched, rows[i].rows, "row %zu: %zu", i, matched);
        cr_assert_eq(interval_set_addresses(&set), rows[i].addresses, "row %zu", i);
        interval_set_fini(&set);
    }
    range_list_fini(&list);
}

Test(ranges, the_longest_line_of_a_geofeed_says_where_an_address_is)
{
    // A network within another of another region, and one of the first within that; a line twice; another provider's.
    static const char feed[] = "10.1.2.128/26,US,US-CA,x,\n10.1.0.0/16,US,US-CA,x,\n10.1.2.0/24,DE,DE-BE,Berlin,\n"
                               "10.9.0.0/24,FR,,,\n10.9.0.0/24,DE,DE-BE,,\n";
    const struct {
        struct range_selector selector;
        size_t rows;
        uint64_t addresses;
    } rows[] = {
        {{"one", NULL, "US-CA"}, 2, 65536 - 192},
        {{"one", NULL, "DE-BE"}, 2, 192 + 256},
        {{"one", NULL, "FR"}, 1, 256},
        {{"one", NULL, "*"}, 5, 65536 + 256},
        {{"one", NULL, NULL}, 5, 65536 + 256},
        {{"two", NULL, "US-CA"}, 1, 65536},
        {{"*", NULL, "US-CA"}, 3, 65536},
        {{"one", "", "DE-*"}, 2, 192 + 256},
    };
    struct range_list list;
    cr_assert_eq(range_list_init(&list), 0);
    cr_assert_eq(read_text(&list, "one", feed), 0);
    cr_assert_eq(read_text(&list, "two", "10.1.0.0/16,US,US-CA,x,\n"), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct interval_set set;
        size_t matched;
        interval_set_init(&set);
        cr_assert_eq(range_list_select(&list, &rows[i].selector, &set, &matched), 0);
        interval_set_seal(&set);
        cr_expect_eq(matched, rows[i].rows, "row %zu: %zu", i, matched);
        cr_expect_eq(interval_set_addresses(&set), rows[i].addresses, "row %zu: %lu", i, interval_set_addresses(&set));
        interval_set_fini(&set);
    }
    range_list_fini(&list);
}

Test(ranges, malformed_files_are_refused_with_their_place)
{
    const char *rows[][2] = {
        {"{}", "ranges: no range file"},
        {"[]", "ranges: no range file"},
        {"{\"prefixes\":[3]}", "ranges:1: prefixes[0]: expected an object"},
        {"{\"prefixes\":[\n{\"ip_prefix\":\"10.0.0.1/24\"}]}",
         "ranges:2: prefixes[0]: \"10.0.0.1/24\": expected a CIDR"},
        {"{\"prefixes\":[{\"ip_prefix\":\"x\"}]}", "ranges:1: prefixes[0]: \"x\": expected a CIDR"},
        {"{\"values\":[{\"name\":\"A\"}]}", "ranges:1: values[0]: expected a service tag"},
        {"{\"values\":[{\"name\":\"A\",\"properties\":{\"addressPrefixes\":[1]}}]}",
         "ranges:1: values[0].properties.addressPrefixes[0]: expected"},
        {"{\"regions\":[{}]}", "ranges:1: regions[0]: expected"},
        {"{\"regions\":[{\"region\":\"r\",\"cidrs\":[{}]}]}", "ranges:1: regions[0].cidrs[0]: expected"},
        {"{\"addresses\":[null]}", "ranges:1: addresses[0]: expected"},
        {"{\"prefixes\":[],\"prefixes\":[]}", "no valid JSON: duplicate object key"},
        {"{\"prefixes\":[", "no valid JSON"},
        {"10.0.0.0/24\nhello\n", "ranges:2: \"hello\": expected a CIDR"},
        {"10.0.0.0/33", "ranges:1: \"10.0.0.0/33\": expected a CIDR"},
        {"{\"prefixes\":[{\"ip_prefix\":\"0.0.0.0/0\"}]}",
         "ranges:1: prefixes[0]: \"0.0.0.0/0\": expected a network that a provider can have"},
        {"10.0.0.0/24\n8.0.0.0/7\n", "ranges:2: \"8.0.0.0/7\": expected a network that a provider can have"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct range_list list;
        cr_assert_eq(range_list_init(&list), 0);
        cr_assert_eq(read_text(&list, "p", rows[i][0]), -EINVAL, "row %zu was taken", i);
        cr_assert_not_null(strstr(complaint.text, rows[i][1]), "row %zu: %s", i, complaint.text);
        range_list_fini(&list);
    }
}

static bool read_shared(struct range_list *list, const char *provider, const char *name)
{
    char path[512];
    struct input input;
    if (!shared_data(name, path, sizeof(path)))
        return false;
    cr_assert_eq(input_read(path, 1 << 28, &input, &complaint), 0, "%s", complaint.text);
    cr_assert_eq(range_list_read(list, provider, name, &input, &complaint), 0, "%s", complaint.text);
    input_fini(&input);
    return true;
}

static uint64_t selected(const struct range_list *list, const char *service, const char *region)
{
    struct interval_set set;
    size_t rows;
    interval_set_init(&set);
    cr_assert_eq(range_list_select(list, &(struct range_selector){NULL, service, region}, &set, &rows), 0);
    interval_set_seal(&set);
    uint64_t addresses = interval_set_addresses(&set);
    interval_set_fini(&set);
    return addresses;
}

Test(ranges, the_aws_file_of_june_2019_has_the_published_figures)
{
    const struct {
        const char *service;
        uint64_t addresses;
    } rows[] = {{"EC2", 39594320},
                {"CLOUDFRONT", 1421032},
                {"S3", 327680},
                {"GLOBALACCELERATOR", 139520},
                {"ROUTE53_HEALTHCHECKS", 17408},
                {"DYNAMODB", 15360},
                {"ROUTE53", 2304},
                {"AMAZON_CONNECT", 752},
                {"CLOUD9", 448},
                {"CODEBUILD", 168},
                {"EC2_INSTANCE_CONNECT", 120},
                {"*", 41797240}};
    struct range_list list;
    struct range_attribution attribution;
    cr_assert_eq(range_list_init(&list), 0);
    if (!read_shared(&list, "aws", "clouds/aws-ip-ranges-2019-06-28.json"))
        cr_skip_test("no shared data beside the checkout");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(selected(&list, rows[i].service, NULL), rows[i].addresses, "%s: %lu", rows[i].service,
                     (unsigned long)selected(&list, rows[i].service, NULL));
    cr_assert_eq(selected(&list, NULL, "us-*"), 23094012);
    cr_assert_eq(range_list_attribute(&list, &attribution), 0);
    uint64_t unspecified = 0;
    for (size_t i = 0; i < attribution.edge_count; i++) {
        uint64_t end = i + 1 < attribution.edge_count ? attribution.edges[i + 1].first_address : UINT64_C(1) << 32;
        const struct attribution *item = &attribution.items[attribution.edges[i].attribution];
        if (strcmp(list.strings.bytes + item->cloud_service, "AMAZON") == 0)
            unspecified += end - attribution.edges[i].first_address;
    }
    cr_assert_eq(unspecified, 305960);
    range_attribution_fini(&attribution);
    range_list_fini(&list);
}

static int prefix_compare(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(struct interval));
}

Test(ranges, the_three_clouds_of_2025_compile_in_under_a_second)
{
    struct timespec start;
    struct timespec end;
    struct range_list list;
    struct range_attribution attribution;
    struct interval_set set;
    struct targets_storage storage;
    size_t rows;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    cr_assert_eq(range_list_init(&list), 0);
    if (!read_shared(&list, "aws", "clouds/aws-ip-ranges-2025-07-24.json") ||
        !read_shared(&list, "azure", "clouds/azure-service-tags-2025-07.json") ||
        !read_shared(&list, "google", "clouds/gcp-cloud-2025-07-24.json"))
        cr_skip_test("no shared data beside the checkout");
    interval_set_init(&set);
    cr_assert_eq(range_list_select(&list, &(struct range_selector){0}, &set, &rows), 0);
    qsort(set.items, set.count, sizeof(*set.items), prefix_compare);
    size_t unique = 1;
    for (size_t i = 1; i < set.count; i++)
        unique += prefix_compare(&set.items[i - 1], &set.items[i]) != 0;
    interval_set_seal(&set);
    cr_assert_eq(range_list_attribute(&list, &attribution), 0);
    cr_assert_eq(targets_build(&set, &storage), 0);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    cr_log_info("compiled in %.3f s, %zu edges", seconds, attribution.edge_count);
    cr_assert_eq(unique, 45111, "%zu", unique);
    cr_assert_eq(storage.targets.count, 157608694, "%lu", (unsigned long)storage.targets.count);
#ifndef __SANITIZE_ADDRESS__
    cr_assert_lt(seconds, 1.0, "%.3f s", seconds);
#endif
    targets_storage_fini(&storage);
    range_attribution_fini(&attribution);
    interval_set_fini(&set);
    range_list_fini(&list);
}
