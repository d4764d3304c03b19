# SPDX-License-Identifier: BSD-3-Clause
"""GStreamer's RTSP server with one stream, a tone, at /: for anybody, or for who knows a password: rtsp_gstreamer.py ADDRESS
PORT [basic|digest]"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

TONE = "( audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 pt=8 )"
METHODS = {"basic": GstRtsp.RTSPAuthMethod.BASIC, "digest": GstRtsp.RTSPAuthMethod.DIGEST}


def lock(server, factory, method):
    """Lets the role `lab` see and have the stream, and nobody else."""
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "lab")
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(METHODS[method])
    if method == "basic":
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("lab", "lab"), token)
    else:
        auth.add_digest("lab", "lab", token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role("lab", permission, True)
    factory.set_permissions(permissions)


def main(address, port, method=None):
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(address)
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(TONE)
    factory.set_shared(True)
    if method:
        lock(server, factory, method)
    server.get_mount_points().add_factory("/", factory)
    if server.attach(None) == 0:
        sys.exit(f"cannot listen on {address}:{port}")
    GLib.MainLoop().run()


main(*sys.argv[1:])
