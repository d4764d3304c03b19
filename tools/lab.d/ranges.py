# SPDX-License-Identifier: BSD-3-Clause
"""The providers' range files, in the formats that AWS, Azure and Google publish, and the lab's plans."""

import ipaddress
import json

import table as lab


def of_provider(table, provider):
    return [row for row in table["networks"] if row["provider"] == provider]


def aws(table):
    """Every prefix is listed as AMAZON too, as AWS does: AMAZON is a superset of all services."""
    prefixes = []
    for row in of_provider(table, "aws"):
        for service in dict.fromkeys(["AMAZON", row["cloud_service"]]):
            prefixes.append({"ip_prefix": row["prefix"], "region": row["region"], "service": service,
                             "network_border_group": row["region"]})
    return {"syncToken": "1700000000", "createDate": "2023-11-14-22-13-20", "prefixes": prefixes,
            "ipv6_prefixes": [{"ipv6_prefix": "2001:db8:80::/48", "region": "us-east-1", "service": "EC2",
                               "network_border_group": "us-east-1"}]}


def azure_tag(name, region, service, prefixes):
    return {"name": name, "id": name,
            "properties": {"changeNumber": 1, "region": region, "regionId": 1, "platform": "Azure",
                           "systemService": service, "addressPrefixes": prefixes, "networkFeatures": ["API", "NSG"]}}


def azure(table):
    """Pools (AzureCloud, AzureCloud.<region>) without a systemService, and a global and a regional tag a service."""
    rows = of_provider(table, "azure")
    pool = [row["prefix"] for row in rows if row["cloud_service"] == "AzureCloud"]
    values = [azure_tag("AzureCloud", "", "", pool + ["2001:db8:81::/48"])]
    for row in rows:
        if row["cloud_service"] == "AzureCloud":
            values.append(azure_tag(f"AzureCloud.{row['region']}", row["region"], "", [row["prefix"]]))
            continue
        short = row["cloud_service"].removeprefix("Azure")
        values.append(azure_tag(short, "", row["cloud_service"], [row["prefix"]]))
        values.append(azure_tag(f"{short}.{row['region']}", row["region"], row["cloud_service"], [row["prefix"]]))
    return {"changeNumber": 1, "cloud": "Public", "values": values}


def google(table):
    prefixes = [{"ipv4Prefix": row["prefix"], "service": row["cloud_service"], "scope": row["region"]}
                for row in of_provider(table, "google")]
    prefixes.append({"ipv6Prefix": "2001:db8:82::/48", "service": "Google Cloud", "scope": "us-central1"})
    return {"syncToken": "1700000000000", "creationTime": "2023-11-14T22:13:20.0", "prefixes": prefixes}


def device(interface):
    return {"vdev": f"net_af_packet0,iface={interface}", "lcores": [0]}


def plan(table, ranges, authority, output):
    targets = [{"provider": name, "service": "*", "region": "*"} for name in ranges]
    targets += [row["prefix"] for row in of_provider(table, "")]
    return {"device": device("sonde0"), "source": {"address": lab.SCANNER, "gateway": lab.GATEWAY},
            "ranges": ranges, "targets": targets, "allow_reserved": ["10.0.0.0/8"],
            "services": table["plan_ports"], "rate": "20 kpps", "network_rate": "20 kpps", "attempts": 1, "seed": 1,
            "trust_store": authority, "contact": "lab@sonde.invalid", "output": output}


def wide_plan(port, network, output):
    # All these hosts share one server's CPU: more than a thousand at once would only wait for each other.
    return {"device": device("sonde1"), "source": {"address": lab.WIDE_SCANNER, "gateway": lab.WIDE_GATEWAY},
            "targets": [network], "allow_reserved": ["10.0.0.0/8"], "services": [port], "rate": "20 kpps",
            "network_rate": "20 kpps", "max_open": 1000, "attempts": 3,
            "seed": 1, "contact": "lab@sonde.invalid", "output": output}


def sub_network(prefix_length):
    return str(next(ipaddress.ip_network(lab.WIDE_NETWORK).subnets(new_prefix=prefix_length)))


def write(table, folder):
    files = {}
    for name, maker in {"aws": aws, "azure": azure, "google": google}.items():
        files[name] = str(folder / f"ranges-{name}.json")
        (folder / f"ranges-{name}.json").write_text(json.dumps(maker(table), indent=1) + "\n", encoding="utf-8")
    plans = {"plan": plan(table, files, str(folder / "certificates" / "ca.crt"), str(folder / "out")),
             "wide": wide_plan(443, lab.WIDE_NETWORK, str(folder / "out-wide")),
             "wide-small": wide_plan(443, sub_network(20), str(folder / "out-wide-small")),
             "wide-rsa": wide_plan(8443, sub_network(22), str(folder / "out-wide-rsa"))}
    for name, value in plans.items():
        (folder / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
