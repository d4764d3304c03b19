// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <criterion/criterion.h>

#include "config/catalogue_load.h"
#include "tests/unit/config/clouds.h"

struct catalogues {
    struct string_table strings;
    struct catalogue_storage storage;
    struct complaint complaint;
};

static int read_text(struct catalogues *catalogues, enum catalogue_file kind, const char *text)
{
    struct input input = {.text = (char *)(uintptr_t)text, .length = strlen(text)};
    memset(catalogues, 0, sizeof(*catalogues));
    cr_assert_eq(string_table_init(&catalogues->strings), 0);
    return catalogue_read(&catalogues->storage, kind, "f", &input, &catalogues->strings, &catalogues->complaint);
}

static void fini(struct catalogues *catalogues)
{
    catalogue_storage_fini(&catalogues->storage);
    string_table_fini(&catalogues->strings);
}

static void read_own(struct catalogues *catalogues)
{
    memset(catalogues, 0, sizeof(*catalogues));
    cr_assert_eq(string_table_init(&catalogues->strings), 0);
    for (enum catalogue_file kind = 0; kind < CATALOGUE_FILES; kind++) {
        char path[512];
        struct input input;
        snprintf(path, sizeof(path), "%s/config/%s", SONDE_TEST_SOURCE_ROOT, catalogue_file_names[kind]);
        cr_assert_eq(input_read(path, 1 << 24, &input, &catalogues->complaint), 0, "%s", catalogues->complaint.text);
        cr_assert_eq(
            catalogue_read(&catalogues->storage, kind, path, &input, &catalogues->strings, &catalogues->complaint), 0,
            "%s", catalogues->complaint.text);
        input_fini(&input);
    }
}

static const char *at(const struct catalogues *catalogues, uint32_t offset)
{
    return catalogues->strings.bytes + offset;
}

static const struct catalogue_finding *find_finding(const struct catalogues *catalogues, const char *id)
{
    for (size_t i = 0; i < catalogues->storage.finding_count; i++)
        if (strcmp(at(catalogues, catalogues->storage.findings[i].id), id) == 0)
            return &catalogues->storage.findings[i];
    return NULL;
}

Test(catalogue, the_default_eight_are_sensitive_and_have_a_finding_each)
{
    static const struct {
        const char *name;
        uint16_t port;
    } rows[] = {{"ssh", 22},     {"telnet", 23},       {"smb", 445},    {"rdp", 3389},
                {"mysql", 3306}, {"postgresql", 5432}, {"redis", 6379}, {"mongodb", 27017}};
    struct catalogues catalogues;
    read_own(&catalogues);
    const struct catalogue catalogue = {.services = catalogues.storage.services,
                                        .service_count = catalogues.storage.service_count};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct catalogue_service *service = catalogue_find_port(&catalogue, rows[i].port);
        cr_assert_not_null(service);
        cr_assert_str_eq(at(&catalogues, service->name), rows[i].name);
        cr_assert_eq(service->sensitive, 1);
    }
    for (size_t i = 0; i < catalogue.service_count; i++) {
        char id[64];
        snprintf(id, sizeof(id), "exposed-%s", at(&catalogues, catalogue.services[i].name));
        cr_assert_eq(find_finding(&catalogues, id) != NULL, catalogue.services[i].sensitive == 1, "%s", id);
    }
    fini(&catalogues);
}

Test(catalogue, every_finding_has_a_remedy_in_one_sentence)
{
    static const char *const ids[] = {"exposed-sensitive-service", "ssh-password-login",
                                      "ssh-no-authentication",     "tls-below-1.2",
                                      "certificate-expired",       "certificate-self-signed"};
    struct catalogues catalogues;
    read_own(&catalogues);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        cr_assert_not_null(find_finding(&catalogues, ids[i]), "%s", ids[i]);
    for (size_t i = 0; i < catalogues.storage.finding_count; i++) {
        const char *remedy = at(&catalogues, catalogues.storage.findings[i].remedy);
        cr_assert_gt(strlen(remedy), 20);
        cr_assert_eq(remedy[strlen(remedy) - 1], '.', "%s", remedy);
    }
    cr_assert_eq(find_finding(&catalogues, "http-plain")->severity, SEVERITY_INFO);
    fini(&catalogues);
}

// A template with its groups filled in, as the contract of struct catalogue_product says.
static void expand(const char *template, const char *subject, const PCRE2_SIZE *ovector, int groups, char *ret_text)
{
    for (; *template != '\0'; template ++) {
        if (template[0] != '$') {
            *ret_text++ = *template;
            continue;
        }
        int group = *++template - '0';
        if (group >= groups || ovector[2 * group] == PCRE2_UNSET)
            continue;
        size_t length = ovector[2 * group + 1] - ovector[2 * group];
        memcpy(ret_text, subject + ovector[2 * group], length);
        ret_text += length;
    }
    *ret_text = '\0';
}

// "vendor name version update distribution package_version" of the first rule that matches, "-" for what is empty.
static bool product_of(const struct catalogues *catalogues, const char *field, const char *subject, char *ret_product)
{
    for (size_t i = 0; i < catalogues->storage.product_count; i++) {
        const struct catalogue_product *rule = &catalogues->storage.products[i];
        int error;
        PCRE2_SIZE offset;
        if (strcmp(at(catalogues, rule->field), field) != 0)
            continue;
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)at(catalogues, rule->pattern), PCRE2_ZERO_TERMINATED, PCRE2_DOTALL,
                                         &error, &offset, NULL);
        pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
        int groups = pcre2_match(code, (PCRE2_SPTR)subject, strlen(subject), 0, 0, match, NULL);
        const uint32_t parts[] = {rule->vendor, rule->name,         rule->version,
                                  rule->update, rule->distribution, rule->package_version};
        ret_product[0] = '\0';
        for (size_t p = 0; groups > 0 && p < sizeof(parts) / sizeof(parts[0]); p++) {
            char text[256];
            expand(at(catalogues, parts[p]), subject, pcre2_get_ovector_pointer(match), groups, text);
            sprintf(ret_product + strlen(ret_product), "%s%s", p > 0 ? " " : "", text[0] != '\0' ? text : "-");
        }
        pcre2_match_data_free(match);
        pcre2_code_free(code);
        if (groups > 0)
            return true;
    }
    return false;
}

Test(catalogue, banners_give_their_product_version_and_package)
{
    static const struct {
        const char *field;
        const char *subject;
        const char *product;
    } rows[] = {
#define SSH(line, product) {"ssh.identification", "SSH-2.0-" line, product}
        SSH("OpenSSH_9.2p1 Debian-2+deb12u3", "openbsd openssh 9.2 p1 debian 1:9.2p1-2+deb12u3"),
        SSH("OpenSSH_7.4p1 Debian-10+deb9u6", "openbsd openssh 7.4 p1 debian 1:7.4p1-10+deb9u6"),
        SSH("OpenSSH_7.2p2 Ubuntu-4ubuntu2.10", "openbsd openssh 7.2 p2 ubuntu 1:7.2p2-4ubuntu2.10"),
        SSH("OpenSSH_5.3p1 Debian-3ubuntu7", "openbsd openssh 5.3 p1 ubuntu 1:5.3p1-3ubuntu7"),
        SSH("OpenSSH_6.2p2 Ubuntu-6", "openbsd openssh 6.2 p2 ubuntu 1:6.2p2-6"),
        SSH("OpenSSH_6.6.1p1 Ubuntu-2ubuntu2.13", "openbsd openssh 6.6 p1 ubuntu 1:6.6p1-2ubuntu2.13"),
        SSH("OpenSSH_6.6.1", "openbsd openssh 6.6 - - -"),
        SSH("OpenSSH_7.4p1 Raspbian-10+deb9u7", "openbsd openssh 7.4 p1 raspbian 1:7.4p1-10+deb9u7"),
        SSH("OpenSSH_3.4p1 Debian 1:3.4p1-1.woody.3", "openbsd openssh 3.4 p1 debian 1:3.4p1-1.woody.3"),
        SSH("OpenSSH_7.2 FreeBSD-20160311", "openbsd openssh 7.2 - freebsd 20160311"),
        SSH("OpenSSH_6.4_hpn13v11 FreeBSD-20131111", "openbsd openssh 6.4 - freebsd 20131111"),
        SSH("OpenSSH_5.8p1-hpn14v9", "openbsd openssh 5.8 p1 - -"),
        SSH("OpenSSH_4.4 NetBSD_Secure_Shell-20061114", "openbsd openssh 4.4 - netbsd 20061114"),
        SSH("OpenSSH_for_Windows_7.7", "openbsd openssh 7.7 - windows -"),
        SSH("OpenSSH_7.4", "openbsd openssh 7.4 - - -"),
        SSH("OpenSSH", "openbsd openssh - - - -"),
        SSH("dropbear_2022.83", "dropbear_ssh_project dropbear_ssh 2022.83 - - -"),
        SSH("dropbear", "dropbear_ssh_project dropbear_ssh - - - -"),
        SSH("libssh_0.9.6", "libssh libssh 0.9.6 - - -"),
        {"http.server", "nginx/1.22.1", "f5 nginx 1.22.1 - - -"},
        {"http.server", "nginx/1.18.0 (Ubuntu)", "f5 nginx 1.18.0 - ubuntu -"},
        {"http.server", "nginx", "f5 nginx - - - -"},
        {"http.server", "Apache/2.4.57 (Debian)", "apache http_server 2.4.57 - debian -"},
        {"http.server", "Apache/2.4.6 (CentOS) OpenSSL/1.0.2k-fips PHP/5.4.16", "apache http_server 2.4.6 - centos -"},
        {"http.server", "Apache/2.2.15 (Red Hat)", "apache http_server 2.2.15 - rhel -"},
        {"http.server", "Apache", "apache http_server - - - -"},
        {"http.server", "Apache/2", "apache http_server - - - -"},
        {"http.server", "Apache/2.4.18 (Ubuntu)", "apache http_server 2.4.18 - ubuntu -"},
        {"http.server", "Apache/2.4.41", "apache http_server 2.4.41 - - -"},
        {"http.server", "Apache-Coyote/1.1", "apache tomcat - - - -"},
        {"http.server", "Microsoft-IIS/10.0", "microsoft internet_information_services 10.0 - windows -"},
        {"http.server", "lighttpd/1.4.69", "lighttpd lighttpd 1.4.69 - - -"},
        {"http.server", "SimpleHTTP/0.6 Python/3.11.2", "python python 3.11.2 - - -"},
    };
    struct catalogues catalogues;
    char product[2048];
    read_own(&catalogues);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert(product_of(&catalogues, rows[i].field, rows[i].subject, product), "%s: nothing", rows[i].subject);
        cr_assert_str_eq(product, rows[i].product, "%s: %s", rows[i].subject, product);
    }
    cr_assert_not(product_of(&catalogues, "ssh.identification", "SSH-2.0-NotOpenSSH_9.2p1", product));
    cr_assert_not(product_of(&catalogues, "http.server", "Apachenot/1.0", product));
    fini(&catalogues);
}

Test(catalogue, every_real_openssh_banner_is_recognised)
{
    char path[512];
    char line[300];
    size_t count = 0;
    struct catalogues catalogues;
    if (!shared_data("ssh/openssh-banner-samples.txt", path, sizeof(path)))
        cr_skip_test("no shared data beside the checkout");
    read_own(&catalogues);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        char subject[400];
        char product[2048];
        line[strcspn(line, "\n")] = '\0';
        snprintf(subject, sizeof(subject), "SSH-2.0-%s", line);
        cr_assert(product_of(&catalogues, "ssh.identification", subject, product), "%s", line);
        cr_assert_eq(strncmp(product, "openbsd openssh ", 16), 0, "%s: %s", line, product);
        cr_assert(strcmp(line, "OpenSSH") == 0 || product[16] != '-', "%s: %s", line, product);
        const char *names[] = {"Ubuntu", "Raspbian", "FreeBSD-", "NetBSD"};
        const char *distributions[] = {" ubuntu ", " raspbian ", " freebsd ", " netbsd "};
        for (size_t i = 0; i < 4; i++)
            cr_assert(strstr(line, names[i]) == NULL || strstr(product, distributions[i]) != NULL, "%s: %s", line,
                      product);
        count++;
    }
    cr_assert_geq(count, 70);
    (void)fclose(file);
    fini(&catalogues);
}

#define WHEN(when)                                                                                                     \
    "{\"findings\":[{\"id\":\"a\",\"severity\":\"low\",\"title\":\"t\",\"remedy\":\"r\",\"when\":" when "}]}"

Test(catalogue, mistakes_are_refused_with_their_place)
{
    static const struct {
        enum catalogue_file kind;
        const char *text;
        const char *expected;
    } rows[] = {
        {CATALOGUE_SERVICES, "{}", "expected an object with the one key \"services\""},
        {CATALOGUE_SERVICES, "{\"services\":[],\"x\":1}", "expected an object with the one key"},
        {CATALOGUE_SERVICES, "{\"services\":[{\"name\":\"a\",\"prot\":1}]}",
         "services[0]: unknown key \"prot\" (did you mean"},
        {CATALOGUE_SERVICES, "{\"services\":[{\"name\":\"a\",\"port\":1},\n{\"name\":\"a\",\"port\":2}]}",
         "f:2: services[1]: service \"a\" is there twice"},
        {CATALOGUE_SERVICES, "{\"services\":[{\"name\":\"a\",\"port\":1},{\"name\":\"b\",\"port\":1}]}",
         "services[1]: port 1 belongs to \"a\" already"},
        {CATALOGUE_SERVICES, "{\"services\":[{\"name\":\"a\",\"ports\":\"1-17\"}]}",
         "has 17 ports, expected at most 16"},
        {CATALOGUE_SERVICES, "{\"services\":[{\"name\":\"a\",\"port\":-1}]}", "expected a port from 0 to 65535"},
        {CATALOGUE_FINDINGS, "{\"findings\":[{\"id\":\"a\",\"severity\":\"bad\",\"title\":\"t\",\"remedy\":\"r\"}]}",
         "findings[0].severity: \"bad\": expected one of"},
        {CATALOGUE_FINDINGS, "{\"findings\":[{\"id\":\"a\",\"severity\":\"low\",\"title\":\"t\"}]}",
         "\"remedy\" is missing"},
        {CATALOGUE_FINDINGS,
         "{\"findings\":[{\"id\":\"a\",\"severity\":\"low\",\"title\":\"t\",\"remedy\":\"r\",\"when\":{\"port\":1}},"
         "{\"id\":\"a\",\"severity\":\"low\",\"title\":\"t\",\"remedy\":\"r\",\"when\":{\"port\":1}}]}",
         "findings[1]: finding \"a\" is there twice"},
        {CATALOGUE_FINDINGS, WHEN("{\"ssh.metods\": \"x\"}"),
         "f:1: findings[0].when[\"ssh.metods\"]: unknown field \"ssh.metods\", did you mean \"ssh.methods\"?"},
        {CATALOGUE_FINDINGS, WHEN("{\n\"port\": 1,\n\"ssh.methods\": {\"haz\": 1}}"),
         "f:3: findings[0].when[\"ssh.methods\"]: unknown test \"haz\" (did you mean \"has\"?)"},
        {CATALOGUE_FINDINGS, WHEN("{\"ssh.methods\": {\"starts\": \"a\"}}"),
         "\"starts\" does not go with \"ssh.methods\" (list)"},
        {CATALOGUE_FINDINGS, WHEN("{\"tls.not_after\": {\"before\": \"tomorrow\"}}"), "expected \"now\" or a time"},
        {CATALOGUE_FINDINGS, WHEN("{\"tls.not_after\": 3}"), "\"tls.not_after\" (time): expected an object of tests"},
        {CATALOGUE_FINDINGS, WHEN("{\"port\": \"a\"}"), "expected a number"},
        {CATALOGUE_FINDINGS, WHEN("{\"ip\": \"10.0.0.1/8\"}"), "expected an IPv4 address, a CIDR"},
        {CATALOGUE_FINDINGS, WHEN("{\"ip\": \"2001:db8::/32\"}"), "expected an IPv4 address, a CIDR"},
        {CATALOGUE_FINDINGS, WHEN("{\"ip\": 10}"), "expected an IPv4 address, a CIDR"},
        {CATALOGUE_FINDINGS, WHEN("{\"tunnel\": {\"known\": 1}}"), "expected true or false"},
        {CATALOGUE_FINDINGS, WHEN("{\"service\": \"\"}"), "expected a text"},
        {CATALOGUE_FINDINGS, WHEN("{\"service\": {}}"), "holds no test"},
        {CATALOGUE_FINDINGS, WHEN("{\"service\": []}"), "findings[0].when[\"service\"]: is empty, expected values"},
        {CATALOGUE_FINDINGS, WHEN("{\"service\": {\"not\": {\"in\": []}}}"),
         "findings[0].when[\"service\"].not.in: is empty, expected values"},
        {CATALOGUE_FINDINGS, WHEN("{}"), "is empty, expected an object of fields and their tests"},
        {CATALOGUE_FINDINGS, WHEN("{\"any\": {}}"), "expected an array of conditions"},
        {CATALOGUE_FINDINGS, WHEN("3"), "findings[0].when: is a number, expected an object of fields"},
        {CATALOGUE_FINDINGS,
         WHEN("{\"any\":[{\"any\":[{\"any\":[{\"any\":[{\"any\":[{\"any\":[{\"port\":1}]}]}]}]}]}]}"),
         "is nested too deep"},
        {CATALOGUE_PRODUCTS,
         "{\"products\":[{\"field\":\"ssh.methods\",\"pattern\":\"a\",\"vendor\":\"v\",\"name\":\"n\"}]}",
         "\"ssh.methods\" is no text"},
        {CATALOGUE_PRODUCTS,
         "{\"products\":[{\"field\":\"ssh.sofware\",\"pattern\":\"a\",\"vendor\":\"v\",\"name\":\"n\"}]}",
         "unknown field \"ssh.sofware\", did you mean \"ssh.software\"?"},
        {CATALOGUE_PRODUCTS,
         "{\"products\":[{\"field\":\"ssh.software\",\"pattern\":\"(\",\"vendor\":\"v\",\"name\":\"n\"}]}",
         "products[0]: pattern: missing closing parenthesis at 1"},
        {CATALOGUE_PRODUCTS,
         "{\"products\":[{\"field\":\"ssh.software\",\"pattern\":\"(a)\",\"vendor\":\"v\",\"name\":\"n\",\"version\":"
         "\"$2\"}]}",
         "version names a group that the pattern has not"},
        {CATALOGUE_PRODUCTS, "{\"products\":[3]}", "products[0]: is a number, expected an object"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct catalogues catalogues;
        cr_assert_eq(read_text(&catalogues, rows[i].kind, rows[i].text), -EINVAL, "row %zu was taken", i);
        cr_assert_not_null(strstr(catalogues.complaint.text, rows[i].expected), "row %zu: %s", i,
                           catalogues.complaint.text);
        fini(&catalogues);
    }
}
