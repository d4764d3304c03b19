# SPDX-License-Identifier: BSD-3-Clause
"""Keys and certificates of the lab: a private CA, what it signed, what signed itself, and what has expired."""

import base64
import hashlib
import re
import subprocess

CA_CONFIG = """
[ca]
default_ca = lab
[lab]
dir = {folder}
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir/issued
certificate = $dir/ca.crt
private_key = $dir/ca.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
organizationName = supplied
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
O = Sonde Lab
CN = Sonde Lab CA
[ca_extensions]
basicConstraints = critical, CA:TRUE
"""

CURRENT = ["-startdate", "20240101000000Z", "-enddate", "20440101000000Z"]
EXPIRED = ["-startdate", "20180101000000Z", "-enddate", "20190101000000Z"]


def openssl(*arguments):
    run = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {run.stderr.strip()}")


def make_key(kind, path):
    algorithm, _, size = kind.partition(":")
    options = {"EC": ["-pkeyopt", f"ec_paramgen_curve:{size}"], "RSA": ["-pkeyopt", f"rsa_keygen_bits:{size}"],
               "RSA-PSS": ["-pkeyopt", f"rsa_keygen_bits:{size}"]}
    if algorithm == "DSA":
        openssl("dsaparam", "-genkey", "-noout", "-out", str(path), size)
    else:
        openssl("genpkey", "-algorithm", algorithm, *options.get(algorithm, []), "-out", str(path))


def make_authority(folder):
    (folder / "issued").mkdir(parents=True)
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1000\n")
    config = folder / "ca.cnf"
    config.write_text(CA_CONFIG.format(folder=folder))
    make_key("EC:P-256", folder / "ca.key")
    openssl("req", "-x509", "-new", "-key", str(folder / "ca.key"), "-config", str(config), "-extensions",
            "ca_extensions", "-days", "7300", "-out", str(folder / "ca.crt"))
    return config


def make_certificate(folder, config, name, row):
    key, request, leaf = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.leaf"
    make_key(row["key"], key)
    openssl("req", "-new", "-config", str(config), "-key", str(key), "-subj", f"/O=Sonde Lab/CN={row['name']}", "-addext",
            f"subjectAltName=DNS:{row['name']}", "-out", str(request))
    signer = ["-selfsign", "-keyfile", str(key)] if row["issuer"] == "self" else []
    openssl("ca", "-batch", "-notext", "-config", str(config), *signer, *(EXPIRED if row.get("expired") else CURRENT),
            "-in", str(request), "-out", str(leaf))
    chain = leaf.read_text() + ((folder / "ca.crt").read_text() if row["issuer"] == "ca" else "")
    (folder / f"{name}.crt").write_text(chain)


def write(table, folder):
    config = make_authority(folder)
    for name, row in table["certificates"].items():
        make_certificate(folder, config, name, row)


def fingerprint(folder, name):
    """SHA-256 of the first certificate's DER form, lower-case hex."""
    text = (folder / f"{name}.crt").read_text()
    body = re.search("-----BEGIN CERTIFICATE-----(.*?)-----END", text, re.DOTALL).group(1)
    return hashlib.sha256(base64.b64decode(body)).hexdigest()
