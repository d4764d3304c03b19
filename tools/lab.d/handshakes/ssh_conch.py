# SPDX-License-Identifier: BSD-3-Clause
"""Servers on Twisted's conch: ssh_conch.py LIST. Which methods it names follows from what its checkers take."""

import json
import sys

from twisted.conch.ssh import factory, keys
from twisted.cred import checkers, credentials, portal
from twisted.internet import defer, reactor
from zope.interface import implementer

INTERFACES = {"password": credentials.IUsernamePassword, "publickey": credentials.ISSHPrivateKey}


@implementer(checkers.ICredentialsChecker)
class NobodyGetsIn:
    def __init__(self, methods):
        self.credentialInterfaces = [INTERFACES[name] for name in methods]

    def requestAvatarId(self, _credentials):
        return defer.fail(checkers.error.UnauthorizedLogin())


@implementer(portal.IRealm)
class NoRealm:
    def requestAvatar(self, _avatar, _mind, *_interfaces):
        raise NotImplementedError


def listen(row):
    server = factory.SSHFactory()
    key = keys.Key.fromFile(row["key"])
    server.publicKeys = {key.sshType(): key.public()}
    server.privateKeys = {key.sshType(): key}
    server.getPrimes = dict
    server.portal = portal.Portal(NoRealm(), [NobodyGetsIn(row["says"][0].split())])
    reactor.listenTCP(row["port"], server, interface=row["ip"])


with open(sys.argv[1], encoding="utf-8") as file:
    for configuration in json.load(file):
        listen(configuration)
reactor.run()
