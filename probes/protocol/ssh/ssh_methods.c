// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_share.h"

// The dear ones, and those whose group is the server's choice, are for those that have nothing else.
const struct ssh_method ssh_methods[SSH_METHODS] = {
    {"curve25519-sha256", &nettle_sha256, &ssh_family_curve, "X25519", NULL, NULL},
    {"curve25519-sha256@libssh.org", &nettle_sha256, &ssh_family_curve, "X25519", NULL, NULL},
    {"ecdh-sha2-nistp256", &nettle_sha256, &ssh_family_curve, "EC", "P-256", NULL},
    {"ecdh-sha2-nistp384", &nettle_sha384, &ssh_family_curve, "EC", "P-384", NULL},
    {"ecdh-sha2-nistp521", &nettle_sha512, &ssh_family_curve, "EC", "P-521", NULL},
    {"curve448-sha512", &nettle_sha512, &ssh_family_curve, "X448", NULL, NULL},
    {"mlkem768x25519-sha256", &nettle_sha256, &ssh_family_mlkem768, NULL, NULL, NULL},
    {"sntrup761x25519-sha512", &nettle_sha512, &ssh_family_sntrup761, NULL, NULL, NULL},
    {"sntrup761x25519-sha512@openssh.com", &nettle_sha512, &ssh_family_sntrup761, NULL, NULL, NULL},
    {"diffie-hellman-group14-sha256", &nettle_sha256, &ssh_family_field, NULL, NULL, BN_get_rfc3526_prime_2048},
    {"diffie-hellman-group14-sha256@ssh.com", &nettle_sha256, &ssh_family_field, NULL, NULL, BN_get_rfc3526_prime_2048},
    {"diffie-hellman-group14-sha1", &nettle_sha1, &ssh_family_field, NULL, NULL, BN_get_rfc3526_prime_2048},
    {"diffie-hellman-group1-sha1", &nettle_sha1, &ssh_family_field, NULL, NULL, BN_get_rfc2409_prime_1024},
    {"diffie-hellman-group15-sha512", &nettle_sha512, &ssh_family_field, NULL, NULL, BN_get_rfc3526_prime_3072},
    {"diffie-hellman-group16-sha512", &nettle_sha512, &ssh_family_field, NULL, NULL, BN_get_rfc3526_prime_4096},
    {"diffie-hellman-group-exchange-sha256", &nettle_sha256, NULL, NULL, NULL, NULL},
    {"diffie-hellman-group-exchange-sha1", &nettle_sha1, NULL, NULL, NULL, NULL},
    {"diffie-hellman-group17-sha512", &nettle_sha512, &ssh_family_field, NULL, NULL, BN_get_rfc3526_prime_6144},
    {"diffie-hellman-group18-sha512", &nettle_sha512, &ssh_family_field, NULL, NULL, BN_get_rfc3526_prime_8192},
};
