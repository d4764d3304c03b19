// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "probes/protocol/ssh/ssh_share.h"
#include "probes/session/registry.h"
#include "tests/unit/session/fake_ssh.h"

static void talk(struct fake_ssh *fake, const char *first, struct observation *ret_observation)
{
    struct session_env *env = env_for_tests();
    const struct dialogue dialogue = {.env = env, .first = first, .port = 22};
    fake_ssh_init(fake);
    size_t connections = dialogue_run(&dialogue, &fake->peer, ret_observation);
    cr_assert_gt(connections, 0);
    session_env_free(env);
}

static void expect_complete(struct fake_ssh *fake, const char *what)
{
    struct observation seen;
    talk(fake, "ssh", &seen);
    cr_assert_str_eq(told(&seen, "service"), "ssh", "%s", what);
    cr_assert(seen.finished, "%s", what);
    cr_assert_not_null(seen.ssh);
    cr_assert_str_eq(told(&seen, "ssh.kex_chosen"), fake->kex, "%s", what);
    cr_assert_str_eq(told(&seen, "ssh.host_key_type"), fake->host_key_type, "%s", what);
    cr_assert(seen.ssh->host_key_verified, "%s", what);
    cr_assert_geq(seen.ssh->host_key_bits, 256, "%s", what);
    cr_assert(seen.ssh->known.methods, "%s", what);
    cr_assert_str_eq(told(&seen, "ssh.methods"), "publickey,password", "%s", what);
    cr_assert_eq(strlen(told(&seen, "ssh.host_key_sha256")), 43, "%s", what);
    cr_assert(fake->disconnected, "%s: no goodbye", what);
    cr_assert_eq(fake->requests, 1, "%s", what);
    observation_fini(&seen);
    fake_ssh_fini(fake);
}

Test(ssh, every_key_exchange_leads_to_the_methods)
{
    for (size_t at = 0; at < SSH_METHODS; at++) {
        struct fake_ssh fake = {.kex = ssh_methods[at].name};
        if (ssh_methods[at].family == &ssh_family_mlkem768 || ssh_methods[at].family == &ssh_family_sntrup761)
            continue; // test_ssh_hybrid.c
        expect_complete(&fake, ssh_methods[at].name);
    }
}

Test(ssh, every_cipher_leads_to_the_methods_with_and_without_strict_kex)
{
    for (const struct ssh_cipher *cipher = ssh_ciphers; cipher->name != NULL; cipher++) {
        for (int strict = 0; strict < 2; strict++) {
            struct fake_ssh fake = {.cipher = cipher->name, .strict = strict != 0};
            expect_complete(&fake, cipher->name);
        }
    }
}

Test(ssh, every_mac_leads_to_the_methods)
{
    for (const struct ssh_mac *mac = ssh_macs; mac->name != NULL; mac++) {
        struct fake_ssh fake = {.mac = mac->name};
        expect_complete(&fake, mac->name);
    }
}

Test(ssh, every_mac_leads_to_the_methods_behind_a_block_cipher_too)
{
    for (const struct ssh_mac *mac = ssh_macs; mac->name != NULL; mac++) {
        struct fake_ssh fake = {.mac = mac->name, .cipher = "3des-cbc", .banner = 30000};
        expect_complete(&fake, mac->name);
    }
}

Test(ssh, a_server_that_takes_only_compressed_packets_is_understood)
{
    struct fake_ssh fake = {.compression = "zlib", .banner = 20000};
    expect_complete(&fake, "zlib");
    struct fake_ssh later = {.compression = "zlib@openssh.com"};
    expect_complete(&later, "zlib@openssh.com");
}

Test(ssh, what_inflates_to_too_much_ends_the_conversation_and_leaves_what_was_learnt)
{
    struct observation seen;
    struct fake_ssh fake = {.compression = "zlib", .banner = 400000};
    talk(&fake, "ssh", &seen);
    cr_assert(seen.ssh->host_key_verified);
    cr_assert_not(seen.ssh->known.methods);
    cr_assert_not(seen.finished);
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

// OpenSSH takes and sends packets of 256 KB.
Test(ssh, a_banner_of_any_length_is_kept_in_part_and_the_methods_follow_it)
{
    const char *const ciphers[] = {"aes128-ctr", "aes128-cbc", "chacha20-poly1305@openssh.com",
                                   "aes256-gcm@openssh.com", "arcfour"};
    for (size_t at = 0; at < sizeof(ciphers) / sizeof(ciphers[0]); at++) {
        struct observation seen;
        struct fake_ssh fake = {.cipher = ciphers[at], .banner = 250000};
        talk(&fake, "ssh", &seen);
        cr_assert_str_eq(told(&seen, "ssh.methods"), "publickey,password", "%s", ciphers[at]);
        cr_assert_eq(seen.ssh->auth_banner.length, 1024);
        cr_assert_eq(strncmp(seen.ssh->auth_banner.data, "abcdefghij", 10), 0);
        cr_assert(seen.ssh->cut.auth_banner);
        observation_fini(&seen);
        fake_ssh_fini(&fake);
    }
}

Test(ssh, a_short_banner_is_kept_whole)
{
    struct observation seen;
    struct fake_ssh fake = {.banner = 26};
    talk(&fake, "ssh", &seen);
    cr_assert_str_eq(told(&seen, "ssh.auth_banner"), "abcdefghijklmnopqrstuvwxyz");
    cr_assert_not(seen.ssh->cut.auth_banner);
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

Test(ssh, the_group_a_server_chooses_is_measured_and_used)
{
    const int bits[] = {768, 1024, 2048, 4096, 8192};
    for (size_t at = 0; at < sizeof(bits) / sizeof(bits[0]); at++) {
        struct observation seen;
        struct fake_ssh fake = {.kex = "diffie-hellman-group-exchange-sha256", .group_bits = bits[at]};
        talk(&fake, "ssh", &seen);
        cr_assert_eq(seen.ssh->group_bits, bits[at]);
        cr_assert(seen.ssh->known.methods);
        observation_fini(&seen);
        fake_ssh_fini(&fake);
    }
}

Test(ssh, a_group_that_is_too_dear_is_measured_and_refused)
{
    struct observation seen;
    struct fake_ssh fake = {.kex = "diffie-hellman-group-exchange-sha1", .group_bits = 10000};
    talk(&fake, "ssh", &seen);
    cr_assert_eq(seen.ssh->group_bits, 10000);
    cr_assert_not(seen.ssh->known.methods);
    cr_assert(fake.disconnected, "no goodbye");
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

Test(ssh, an_even_number_is_no_group)
{
    struct observation seen;
    struct fake_ssh fake = {.kex = "diffie-hellman-group-exchange-sha1", .group_bits = 2048, .group_even = true};
    talk(&fake, "ssh", &seen);
    cr_assert_not(seen.ssh->known.host_key_type);
    cr_assert(fake.disconnected, "no goodbye");
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

Test(ssh, what_is_not_authentic_is_not_believed)
{
    static const char *const rows[][2] = {{"aes128-ctr", "hmac-sha2-256"},
                                          {"aes128-cbc", "hmac-sha1-etm@openssh.com"},
                                          {"aes256-ctr", "umac-64@openssh.com"},
                                          {"chacha20-poly1305@openssh.com", "hmac-sha1"},
                                          {"aes128-gcm@openssh.com", "hmac-sha1"}};
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct observation seen;
        struct fake_ssh fake = {.cipher = rows[at][0], .mac = rows[at][1], .spoils = true};
        talk(&fake, "ssh", &seen);
        cr_assert(seen.ssh->known.auth_banner, "%s", rows[at][0]);
        cr_assert_not(seen.ssh->known.methods, "%s", rows[at][0]);
        cr_assert_not(seen.finished, "%s", rows[at][0]);
        observation_fini(&seen);
        fake_ssh_fini(&fake);
    }
}

Test(ssh, extensions_are_learnt_by_name)
{
    struct observation seen;
    struct fake_ssh fake = {.admits = false};
    talk(&fake, "ssh", &seen);
    cr_assert_str_eq(told(&seen, "ssh.extensions"), "server-sig-algs,publickey-hostbound@openssh.com");
    cr_assert_str_eq(told(&seen, "ssh.server_sig_algs"), "ssh-ed25519,rsa-sha2-256");
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

static bool terrapin_found(const char *cipher, const char *mac, bool strict)
{
    struct observation seen;
    struct fake_ssh fake = {.cipher = cipher, .mac = mac, .strict = strict};
    talk(&fake, "ssh", &seen);
    cr_assert(seen.ssh->known.terrapin && seen.ssh->known.strict_kex);
    cr_assert_eq(seen.ssh->strict_kex, strict);
    bool found = seen.ssh->terrapin;
    observation_fini(&seen);
    fake_ssh_fini(&fake);
    return found;
}

Test(ssh, terrapin_is_found_by_its_rule)
{
    static const char etm[] = "hmac-sha2-256-etm@openssh.com";
    cr_assert(terrapin_found("chacha20-poly1305@openssh.com", "hmac-sha2-256", false));
    cr_assert_not(terrapin_found("chacha20-poly1305@openssh.com", "hmac-sha2-256", true));
    cr_assert(terrapin_found("aes128-cbc", etm, false));
    cr_assert_not(terrapin_found("aes128-cbc", etm, true));
    cr_assert_not(terrapin_found("aes128-cbc", "hmac-sha2-256", false));
    cr_assert_not(terrapin_found("aes128-ctr", etm, false));
}

Test(ssh, every_kind_of_host_key_is_verified)
{
    static const char *const kinds[][2] = {
        {"ssh-ed25519", "ssh-ed25519"}, {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
        {"ssh-rsa", "ssh-rsa"},         {"ssh-rsa", "rsa-sha2-256"},
        {"ssh-rsa", "rsa-sha2-512"},    {"ssh-ed448", "ssh-ed448"}};
    for (size_t at = 0; at < sizeof(kinds) / sizeof(kinds[0]); at++) {
        struct fake_ssh fake = {.host_key_type = kinds[at][0], .signature_type = kinds[at][1]};
        expect_complete(&fake, kinds[at][1]);
    }
}

Test(ssh, a_host_key_that_is_too_dear_is_measured_and_not_checked)
{
    struct observation seen;
    struct fake_ssh fake = {.host_key_type = "ssh-rsa", .long_exponent = true};
    talk(&fake, "ssh", &seen);
    cr_assert_eq(seen.ssh->host_key_bits, 2048);
    cr_assert_str_eq(told(&seen, "ssh.host_key_type"), "ssh-rsa");
    cr_assert_not(seen.ssh->known.host_key_verified, "it was checked");
    cr_assert(seen.ssh->known.methods);
    cr_assert(seen.finished);
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

Test(ssh, host_keys_of_other_types_are_learnt_where_they_are_asked_for)
{
    for (int asked = 0; asked < 2; asked++) {
        const struct session_env_settings settings = {.ssh_host_keys = asked != 0};
        struct session_env *env = session_env_new(&settings);
        const struct dialogue dialogue = {.env = env, .first = "ssh", .port = 22};
        struct fake_ssh fake = {.host_key_type = "ecdsa-sha2-nistp256", .other_key_type = "ssh-rsa"};
        struct observation seen;
        fake_ssh_init(&fake);
        cr_assert_eq(dialogue_run(&dialogue, &fake.peer, &seen), asked != 0 ? 2 : 1);
        // What the first connection has taught is as it was.
        cr_assert(seen.finished);
        cr_assert_str_eq(told(&seen, "ssh.host_key_type"), "ecdsa-sha2-nistp256");
        cr_assert_str_eq(told(&seen, "ssh.methods"), "publickey,password");
        cr_assert_eq(seen.ssh->known.other_host_keys, asked);
        cr_assert(fake.disconnected, "no goodbye");
        if (asked != 0) {
            const struct ssh_key_observation *key = seen.ssh->other_host_keys.items;
            cr_assert_eq(seen.ssh->other_host_keys.count, 1);
            cr_assert_str_eq(text_of(&key->type), "ssh-rsa");
            cr_assert_eq(key->bits, 2048);
            cr_assert(key->verified);
            cr_assert_eq(key->sha256.length, 43);
            cr_assert_eq(fake.requests, 0, "no user is asked for twice");
        }
        observation_fini(&seen);
        fake_ssh_fini(&fake);
        session_env_free(env);
    }
}

Test(ssh, without_a_none_request_no_user_is_named_and_the_rest_is_learnt)
{
    const struct session_env_settings settings = {.no_ssh_none = true};
    struct session_env *env = session_env_new(&settings);
    const struct dialogue dialogue = {.env = env, .first = "ssh", .port = 22};
    struct fake_ssh fake = {.host_key_type = "ssh-ed25519"};
    struct observation seen;
    fake_ssh_init(&fake);
    cr_assert_eq(dialogue_run(&dialogue, &fake.peer, &seen), 1);
    cr_assert_eq(fake.requests, 0);
    cr_assert(fake.disconnected, "no goodbye");
    cr_assert(seen.finished);
    cr_assert_str_eq(told(&seen, "ssh.host_key_type"), "ssh-ed25519");
    cr_assert(seen.ssh->host_key_verified);
    cr_assert_not(seen.ssh->known.methods);
    cr_assert_not(seen.ssh->known.no_authentication);
    observation_fini(&seen);
    fake_ssh_fini(&fake);
    session_env_free(env);
}

Test(ssh, a_dear_group_is_for_servers_that_have_nothing_else)
{
    struct observation seen;
    struct fake_ssh fake = {.kex = "diffie-hellman-group18-sha512,diffie-hellman-group16-sha512,"
                                   "diffie-hellman-group14-sha1"};
    talk(&fake, "ssh", &seen);
    cr_assert_str_eq(told(&seen, "ssh.kex_chosen"), "diffie-hellman-group14-sha1");
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

Test(ssh, a_wrong_guess_of_the_server_is_skipped)
{
    struct fake_ssh fake = {.guesses = true};
    expect_complete(&fake, "guess");
}

Test(ssh, a_wrong_signature_is_seen_and_the_methods_are_still_learnt)
{
    struct observation seen;
    struct fake_ssh fake = {.wrong_signature = true};
    talk(&fake, "ssh", &seen);
    cr_assert_not(seen.ssh->host_key_verified);
    cr_assert(seen.ssh->known.methods);
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

Test(ssh, an_accepted_none_request_is_reported_and_left_at_once)
{
    struct observation seen;
    struct fake_ssh fake = {.admits = true};
    talk(&fake, "ssh", &seen);
    cr_assert(seen.ssh->no_authentication);
    cr_assert_not(seen.ssh->known.methods);
    cr_assert(seen.finished);
    cr_assert(fake.disconnected);
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}

Test(ssh, the_user_name_is_random_and_says_who_asks)
{
    char first[64];
    for (int turn = 0; turn < 2; turn++) {
        struct observation seen;
        struct fake_ssh fake = {.admits = false};
        talk(&fake, "ssh", &seen);
        cr_assert_eq(strncmp(fake.user, "sonde-", 6), 0);
        cr_assert_eq(strlen(fake.user), 22);
        if (turn == 0)
            memcpy(first, fake.user, sizeof(first));
        else
            cr_assert_str_neq(fake.user, first);
        observation_fini(&seen);
        fake_ssh_fini(&fake);
    }
}

Test(ssh, an_identification_without_end_is_bounded)
{
    char longest[600];
    char software[256];
    struct session_env *env = env_for_tests();
    struct scripted peer;
    struct observation seen;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memcpy(longest, "SSH-2.0-", 8);
    memset(software, 'x', sizeof(software));
    software[255 - 8] = '\0';
    scripted_init(&peer, longest, "", false);
    const struct dialogue dialogue = {.env = env, .first = "ssh", .port = 22};
    cr_assert_eq(dialogue_run(&dialogue, &peer.peer, &seen), 1);
    cr_assert_str_eq(told(&seen, "ssh.software"), software);
    cr_assert_not(seen.finished);
    observation_fini(&seen);
    scripted_fini(&peer);
    session_env_free(env);
}

Test(ssh, the_fingerprint_is_the_unpadded_base64_of_sha256)
{
    struct observation seen;
    struct fake_ssh fake = {.admits = false};
    talk(&fake, "ssh", &seen);
    uint8_t raw[32];
    size_t length = sizeof(raw);
    EVP_PKEY_get_raw_public_key(fake.host_key, raw, &length);
    struct buffer blob = {0};
    buffer_put_text(&blob, "ssh-ed25519");
    buffer_put_string(&blob, raw, length);
    uint8_t digest[32];
    unsigned char text[48];
    EVP_Digest(buffer_bytes(&blob), blob.length, digest, NULL, EVP_sha256(), NULL);
    EVP_EncodeBlock(text, digest, sizeof(digest));
    cr_assert_eq(strncmp(told(&seen, "ssh.host_key_sha256"), (const char *)text, 43), 0);
    buffer_fini(&blob);
    observation_fini(&seen);
    fake_ssh_fini(&fake);
}
