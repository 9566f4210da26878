#!/usr/bin/env python3
"""A TChannel app for tests: usage: tchannel_echo.py NAME PORT_OR_UNIX_PATH

Endpoints: echo (NAME:arg3, with the request's `as`), ttl (what is left of it), fail/N (error code N), app-error,
ask (calls `echo` for the key in arg3 over the same connection and passes the answer back), silent (never answers).
"""
import os
import pathlib
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import tchannel  # noqa: E402

NAME, TARGET = sys.argv[1:3]


def serve(call, connection):
    said = {"as": call.headers.get("as", "raw")}
    if call.endpoint == "echo":
        return tchannel.Answer(arg2=call.arg2, arg3=f"{NAME}:".encode() + call.arg3, headers=said)
    if call.endpoint == "ttl":
        return tchannel.Answer(arg3=str(call.ttl_ms).encode())
    if call.endpoint == "app-error":
        return tchannel.Answer(code=1, arg3=b"no such cart")
    if call.endpoint == "ask":
        return connection.call(tchannel.Call("echo", arg3=b"asked by " + NAME.encode(), service="cart",
                                             headers={"as": "raw", "cn": NAME, "sk": call.arg3.decode()}))
    if call.endpoint == "silent":
        return None
    raise tchannel.CallError(int(call.endpoint.removeprefix("fail/")), "says the app")


def welcome(sock):
    wire = tchannel.Wire(sock)
    frame = wire.receive()
    if frame is None or frame.type != tchannel.INIT_REQ:
        return wire.close()
    wire.send(tchannel.init_frame(tchannel.init_headers("0.0.0.0:0", process=NAME), tchannel.INIT_RES, frame.id))
    return tchannel.Connection(wire, serve, {})


def main():
    if TARGET.isdigit():
        listener = socket.create_server(("127.0.0.1", int(TARGET)), backlog=128)
    else:
        if os.path.exists(TARGET):
            os.unlink(TARGET)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(TARGET)
        listener.listen(128)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=welcome, args=(sock,), daemon=True).start()


main()
