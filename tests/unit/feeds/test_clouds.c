// SPDX-License-Identifier: BSD-3-Clause
// Providers' ranges as feeds: every form, whose list it is, Google's own services, the owner and the list's date in a
// record, what plans read, and files that are no lists.
#include "clouds.h"
#include "config/ranges.h"
#include "control/classify/owner.h"
#include "tests/unit/feeds/folder.h"

TestSuite(clouds, .init = folder_begin, .fini = folder_end);

static const struct {
    const char *name;
    const char *provider; // as --provider says it
    const char *text;
} files[] = {
    {"aws.json", NULL,
     "{\"syncToken\":\"1\",\"createDate\":\"2025-07-24-20-23-14\",\"prefixes\":[{\"ip_prefix\":\"10.1.0.0/"
     "16\",\"region\":\"us-east-1\","
     "\"service\":\"AMAZON\"},{\"ip_prefix\":\"10.1.0.0/"
     "17\",\"region\":\"us-east-1\",\"service\":\"EC2\"},{\"ip_prefix\":\"10.1.1.0/24\","
     "\"region\":\"us-east-1\",\"service\":\"S3\"}],\"ipv6_prefixes\":[]}"},
    {"ServiceTags_Public_20250721.json", NULL,
     "{\"changeNumber\":1,\"cloud\":\"Public\",\"values\":[{\"name\":\"AzureCloud.westus\",\"properties\":{\"region\":"
     "\"westus\","
     "\"systemService\":\"\",\"addressPrefixes\":[\"10.2.0.0/16\",\"2001:db8::/32\"]}}]}"},
    {"cloud.json", NULL,
     "{\"creationTime\":\"2025-07-24T19:16:28.780563\",\"prefixes\":[{\"ipv4Prefix\":\"10.3.64.0/"
     "18\",\"service\":\"Google Cloud\",\"scope\":"
     "\"us-west1\"}]}"},
    {"goog.json", NULL,
     "{\"creationTime\":\"2025-07-25T19:16:28.780563\",\"prefixes\":[{\"ipv4Prefix\":\"10.3.0.0/"
     "16\"},{\"ipv6Prefix\":\"2600::/16\"}]}"},
    {"oracle.json", NULL,
     "{\"last_updated_timestamp\":\"2025-07-21T07:13:25.457838\",\"regions\":[{\"region\":\"us-ashburn-1\",\"cidrs\":[{"
     "\"cidr\":"
     "\"10.4.0.0/16\",\"tags\":[\"OCI\"]}]}]}"},
    {"fastly.json", NULL, "{\"addresses\":[\"10.5.0.0/24\"],\"ipv6_addresses\":[\"2a04:4e40::/32\"]}"},
    {"linode.txt", NULL,
     "# a geofeed\n10.6.0.0/24,US,US-NJ,Newark,\n10.6.1.0/24,DE,DE-HE,M\xfcnster,\n2600:3c00::/32,US,,,\n"},
    {"google.csv", "digitalocean", "10.7.0.0/24,NL,NL-NH,Amsterdam,1098 XH\n"},
    {"ips-v4", "cloudflare", "10.8.0.0/24\n10.8.1.0/24\n"},
};

static int file_import(const char *name, const char *provider, const char *text, struct complaint *ret_complaint)
{
    struct feeds_imported imported;
    const struct feeds_import import = {.folder = folder,
                                        .file = folder_file(name, text, strlen(text)),
                                        .names = CPE_NAMES,
                                        .now_s = 1700000000,
                                        .kinds = provider != NULL ? UINT32_C(1) << INTEL_CLOUDS : 0,
                                        .provider = provider};
    return feeds_import(&import, &imported, ret_complaint);
}

static void files_import(void)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct complaint complaint;
        cr_assert_eq(file_import(files[i].name, files[i].provider, files[i].text, &complaint), 0, "%s", complaint.text);
    }
}

// "provider/service/region country responsible date".
static const char *owned(const struct intel *intel, const char *text)
{
    static const char *const responsible[] = {"", "customer", "provider"};
    static char told[256];
    struct address address;
    cr_assert_eq(address_parse(text, strlen(text), &address), 0);
    const struct intel_owner *owner = &intel->owners[intel_map_find(&intel->owner_map, address_number(&address))];
    (void)snprintf(told, sizeof(told), "%s/%s/%s %s %s %ld", intel_string(intel, owner->provider),
                   intel_string(intel, owner->service), intel_string(intel, owner->region),
                   intel_string(intel, owner->country), responsible[owner->responsible], (long)owner->published);
    return told;
}

Test(clouds, every_form_has_its_provider_and_its_date)
{
    static const char *const rows[][2] = {
        {"10.0.255.255", "//   0"},
        {"10.1.1.0", "aws/S3/us-east-1  provider 1753388594"},
        {"10.1.2.0", "aws/EC2/us-east-1  customer 1753388594"},
        {"10.1.128.0", "aws/AMAZON/us-east-1   1753388594"},
        {"10.2.255.255", "azure/AzureCloud/westus  customer 1753056000"},
        {"10.3.64.0", "google/Google Cloud/us-west1  customer 1753470988"},
        {"10.3.127.255", "google/Google Cloud/us-west1  customer 1753470988"},
        {"10.3.63.255", "google/Google/  provider 1753470988"},
        {"10.3.128.0", "google/Google/  provider 1753470988"},
        {"10.4.0.0", "oracle/OCI/us-ashburn-1  customer 1753082005"},
        {"10.5.0.255", "fastly//   0"},
        {"10.5.1.0", "//   0"},
        {"10.6.0.0", "linode//US-NJ US  0"},
        {"10.6.1.0", "linode//DE-HE DE  0"},
        {"10.7.0.0", "digitalocean//NL-NH NL  0"},
        {"10.8.1.255", "cloudflare//   0"},
        {"10.8.2.0", "//   0"},
        {"255.255.255.255", "//   0"},
    };
    int fd;
    files_import();
    struct intel intel = folder_open_image(&fd);
    cr_expect(intel_has(&intel, INTEL_CLOUDS));
    cr_expect_eq(intel.feed_count, sizeof(files) / sizeof(files[0]));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_str_eq(owned(&intel, rows[i][0]), rows[i][1], "%s", rows[i][0]);
    intel_unmap(&intel);
    (void)close(fd);
}

Test(clouds, a_list_takes_the_place_of_what_it_said)
{
    struct complaint complaint;
    int fd;
    files_import();
    // The same provider's list under another name, and one of two lists of a provider.
    cr_assert_eq(
        file_import(
            "newer.json", NULL,
            "{\"createDate\":\"2025-08-24-20-23-14\",\"prefixes\":[{\"ip_prefix\":\"10.1.0.0/24\",\"region\":\"r\","
            "\"service\":\"EC2\"}]}",
            &complaint),
        0, "%s", complaint.text);
    cr_assert_eq(file_import("more", "cloudflare", "10.9.0.0/24\n", &complaint), 0, "%s", complaint.text);
    struct intel intel = folder_open_image(&fd);
    cr_expect_str_eq(owned(&intel, "10.1.0.0"), "aws/EC2/r  customer 1756066994");
    cr_expect_str_eq(owned(&intel, "10.1.1.0"), "//   0");
    cr_expect_str_eq(owned(&intel, "10.8.0.0"), "cloudflare//   0");
    cr_expect_str_eq(owned(&intel, "10.9.0.0"), "cloudflare//   0");
    cr_expect_eq(intel.feed_count, sizeof(files) / sizeof(files[0]) + 1,
                 "what newer.json replaced is no source any more");
    intel_unmap(&intel);
    (void)close(fd);
}

Test(clouds, googles_own_services_are_not_told_without_its_cloud)
{
    struct complaint complaint;
    int fd;
    cr_assert_eq(file_import(files[3].name, NULL, files[3].text, &complaint), 0, "%s", complaint.text);
    struct intel intel = folder_open_image(&fd);
    cr_expect_str_eq(owned(&intel, "10.3.0.0"), "google//   1753470988");
    intel_unmap(&intel);
    (void)close(fd);
}

// A list of networks is one of malicious addresses unless who imports it says otherwise.
Test(clouds, what_is_said_of_a_file_decides_where_its_content_does_not)
{
    struct complaint complaint;
    int fd;
    cr_assert_eq(file_import("plain.txt", NULL, "10.8.0.0/24\n", &complaint), 0);
    struct intel intel = folder_open_image(&fd);
    cr_expect(intel_has(&intel, INTEL_MALICIOUS) && !intel_has(&intel, INTEL_CLOUDS));
    intel_unmap(&intel);
    (void)close(fd);
    cr_assert_lt(file_import("kev.json", "x", "{\"catalogVersion\":\"1\",\"vulnerabilities\":[]}", &complaint), 0);
    cr_expect_not_null(
        strstr(complaint.text, "is of no form that is known (provider's ranges, geofeed, list of networks)"), "%s",
        complaint.text);
}

static void learn_root(struct observation *observation, const struct field *field, const char *text)
{
    learn_word(observation, field, text);
}

Test(clouds, a_record_says_whose_the_address_is_and_by_which_list)
{
    struct observation observation;
    int fd;
    files_import();
    struct intel intel = folder_open_image(&fd);
    observation_init(&observation);
    owner_learn(NULL, &observation);
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a010100));
    owner_learn(&intel, &observation);
    const struct root_observation *root = observation.root;
    cr_expect(text_is(&root->provider, "aws") && text_is(&root->cloud_service, "S3") &&
              text_is(&root->region, "us-east-1") && text_is(&root->responsible, "provider") && !root->known.country &&
              root->list_date == 1753388594);
    // By newer lists, as the older ones said so too.
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a060000));
    owner_learn(&intel, &observation);
    cr_expect(text_is(&root->provider, "linode") && !root->known.cloud_service && text_is(&root->country, "US") &&
              !root->known.responsible && !root->known.list_date);
    observation_fini(&observation);

    // The plan's own ranges have said something else: they stay.
    observation_init(&observation);
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a010100));
    learn_root(&observation, FIELD(root, provider), "aws");
    learn_root(&observation, FIELD(root, cloud_service), "EC2");
    owner_learn(&intel, &observation);
    cr_expect(text_is(&observation.root->cloud_service, "EC2") && !observation.root->known.list_date);
    // The same as the lists: now there is a date.
    learn_root(&observation, FIELD(root, cloud_service), "S3");
    learn_root(&observation, FIELD(root, region), "us-east-1");
    learn_root(&observation, FIELD(root, responsible), "provider");
    owner_learn(&intel, &observation);
    cr_expect(text_is(&observation.root->cloud_service, "S3") && observation.root->list_date == 1753388594);
    // What a later list than these has said stays, and an earlier one gives way.
    learn_root(&observation, FIELD(root, cloud_service), "EC2");
    learn_number(&observation, FIELD(root, list_date), 1753388595);
    owner_learn(&intel, &observation);
    cr_expect(text_is(&observation.root->cloud_service, "EC2") && observation.root->list_date == 1753388595);
    learn_number(&observation, FIELD(root, list_date), 1753388593);
    owner_learn(&intel, &observation);
    cr_expect(text_is(&observation.root->cloud_service, "S3") && observation.root->list_date == 1753388594);
    // An address that the lists do not have keeps what it has.
    learn_address(&observation, FIELD(root, ip), address_v4(0x0b000000));
    owner_learn(&intel, &observation);
    cr_expect(text_is(&observation.root->provider, "aws") && observation.root->list_date == 1753388594);
    observation_fini(&observation);
    intel_unmap(&intel);
    (void)close(fd);
}

static void ranges_read(struct range_list *list)
{
    char path[128];
    struct input input;
    struct complaint complaint;
    (void)snprintf(path, sizeof(path), "%s/" RANGES_OF_FEEDS, folder);
    cr_assert_eq(input_read(path, 1 << 28, &input, &complaint), 0, "%s", complaint.text);
    cr_assert_eq(range_list_init(list), 0);
    cr_assert_eq(range_list_read_feeds(list, path, &input, &complaint), 0, "%s", complaint.text);
    input_fini(&input);
}

static uint64_t selected(const struct range_list *list, const char *provider, const char *service)
{
    struct interval_set set;
    size_t rows;
    interval_set_init(&set);
    cr_assert_eq(range_list_select(list, &(struct range_selector){provider, service, NULL}, &set, &rows), 0);
    interval_set_seal(&set);
    uint64_t addresses = interval_set_addresses(&set);
    interval_set_fini(&set);
    return addresses;
}

Test(clouds, plans_read_what_the_lists_say)
{
    struct range_list list;
    int fd;
    files_import();
    struct intel intel = folder_open_image(&fd);
    intel_unmap(&intel);
    (void)close(fd);
    ranges_read(&list);
    cr_expect_eq(list.provider_count, 8, "a provider with two lists is one provider");
    cr_expect_eq(selected(&list, "aws", NULL), 65536);
    cr_expect_eq(selected(&list, "aws", "EC2"), 32768);
    cr_expect_eq(selected(&list, "google", "Google Cloud"), 16384);
    cr_expect_eq(selected(&list, "google", "Google"), 65536 - 16384);
    cr_expect_eq(selected(&list, "cloudflare", NULL), 512);
    range_list_fini(&list);
}

// The lists of a year, imported, are for plans what the files themselves are.
Test(clouds, real_lists_lose_nothing_on_the_way)
{
    static const struct {
        const char *file;
        const char *provider;
    } real[] = {{"clouds/aws-ip-ranges-2025-07-24.json", "aws"},
                {"clouds/azure-service-tags-2025-07.json", "azure"},
                {"clouds/gcp-cloud-2025-07-24.json", "google"},
                {"clouds/oracle-public-ip-ranges-2025-07.json", "oracle"},
                {"clouds/fastly-public-ip-list.json", "fastly"},
                {"clouds/linode-geofeed.txt", "linode-geofeed"},
                {"clouds/digitalocean-google.csv", "digitalocean-google"}};
    struct range_list direct;
    struct range_list list;
    struct complaint complaint;
    int fd;
    cr_assert_eq(range_list_init(&direct), 0);
    for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        char path[512];
        struct input input;
        if (!shared_data(real[i].file, path, sizeof(path)))
            cr_skip_test("no real data here");
        cr_assert_eq(folder_import(path, &complaint), 0, "%s", complaint.text);
        cr_assert_eq(input_read(path, 1 << 28, &input, &complaint), 0);
        cr_assert_eq(range_list_read(&direct, real[i].provider, path, &input, &complaint), 0, "%s", complaint.text);
        input_fini(&input);
    }
    struct intel intel = folder_open_image(&fd);
    ranges_read(&list);
    cr_expect_eq(list.count, direct.count);
    for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        cr_expect_eq(selected(&list, real[i].provider, NULL), selected(&direct, real[i].provider, NULL), "%s",
                     real[i].file);
        cr_expect_gt(selected(&list, real[i].provider, NULL), 0);
    }
    cr_expect_eq(selected(&list, "aws", "EC2"), selected(&direct, "aws", "EC2"));
    cr_expect_eq(selected(&list, "azure", "AzureStorage"), selected(&direct, "azure", "AzureStorage"));
    range_list_fini(&list);
    range_list_fini(&direct);
    intel_unmap(&intel);
    (void)close(fd);
}

Test(clouds, what_is_no_list_is_refused)
{
    static const struct {
        const char *provider;
        const char *text;
        const char *wanted;
    } bad[] = {
        {NULL, "{\"prefixes\":[{\"ip_prefix\":\"10.0.0.1/24\",\"service\":\"EC2\",\"region\":\"r\"}]}",
         "\"10.0.0.1/24\": expected a CIDR"},
        {NULL, "{\"prefixes\":[{\"ip_prefix\":", "no valid JSON"},
        {NULL, "{\"prefixes\":[{\"ipv6Prefix\":\"2600::/16\"}]}", "holds no IPv4 network"},
        {NULL, "10.6.0.0/24,US,US-NJ,Newark,\nhello,US,,,\n", "bad:2: \"hello\": expected a CIDR"},
        {"x", "10.6.0.0/24\nhello\n", "bad:2: \"hello\": expected a CIDR"},
        {"x", "2001:db8::/32\n", "holds no IPv4 network"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct complaint complaint = {""};
        cr_expect_lt(file_import("bad", bad[i].provider, bad[i].text, &complaint), 0, "%zu", i);
        cr_expect_not_null(strstr(complaint.text, bad[i].wanted), "%s", complaint.text);
    }
    // More lists than a plan takes.
    for (int i = 0; i <= RANGES_PROVIDERS_MAX; i++) {
        char name[16];
        char text[64];
        struct complaint complaint = {""};
        (void)snprintf(name, sizeof(name), "p%d", i);
        (void)snprintf(text, sizeof(text), "10.%d.%d.0/24\n", i / 256, i % 256);
        int error = file_import("many", name, text, &complaint);
        cr_assert_eq(error == 0, i < RANGES_PROVIDERS_MAX, "%d: %s", i, complaint.text);
        cr_assert(error == 0 || strstr(complaint.text, "would be list 257 of ranges, expected at most 256") != NULL,
                  "%s", complaint.text);
    }
    // Longer than any list.
    struct complaint complaint = {""};
    size_t length = 65U << 20;
    char *text = malloc(length + 1);
    memset(text, ' ', length);
    text[length] = '\0';
    memcpy(text, "10.0.0.0/24\n", 12);
    cr_expect_lt(file_import("bad", "x", text, &complaint), 0);
    cr_expect_not_null(strstr(complaint.text, "is longer than any list of ranges"), "%s", complaint.text);
    free(text);
}
