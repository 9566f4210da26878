"""The closed list of what Ringpop's bodies may hold: every field with its type, and which must be there. A field more, one
less or one of another type is a fault, since ringpop-node and the tools are as strict (proto/spec/ringpop.md).
"""


def text(value):
    return isinstance(value, str)


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def whole(value):
    """ringpop-go reads plain integers only; a Python float was written with a fraction or an exponent."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def word(value):
    return whole(value) and value < 1 << 32


def flag(value):
    return isinstance(value, bool)


def shown_status(value):
    return value in ("alive", "suspect", "faulty", "leave", "tombstone")


def status(value):
    """On the wire a tombstone is a flagged faulty (spec C.5), never called by its own name."""
    return shown_status(value) and value != "tombstone"


def set_flag(value):
    """Left out when it is not set."""
    return value is True


def labels(value):
    """Empty ones are left out, not sent."""
    return isinstance(value, dict) and value != {} and all(text(v) for v in value.values())


def null(value):
    return value is None


class Closed:
    """An object with these fields and no others; names that end in ? may be missing."""

    def __init__(self, **fields):
        self.fields = {name.removesuffix("_"): check for name, check in fields.items()}
        self.optional = {name.removesuffix("_") for name in fields if name.endswith("_")}

    def faults(self, value, at=""):
        if not isinstance(value, dict):
            return [f"{at or 'the body'} is no object: {value!r}"]
        found = [f"{at}{name}: there is no such field" for name in value if name not in self.fields]
        found += [f"{at}{name} is missing" for name in self.fields if name not in value and name not in self.optional]
        for name, check in self.fields.items():
            if name not in value:
                continue
            if isinstance(check, (Closed, ListOf)):
                found += check.faults(value[name], f"{at}{name}.")
            elif not check(value[name]):
                found.append(f"{at}{name} is no {check.__name__}: {value[name]!r}")
        return found


class ListOf:
    def __init__(self, item):
        self.item = item

    def faults(self, value, at=""):
        if not isinstance(value, list):
            return [f"{at} is no list: {value!r}"]
        if not isinstance(self.item, Closed):
            return [f"{at}{i} is no {self.item.__name__}: {v!r}" for i, v in enumerate(value) if not self.item(v)]
        return [fault for i, v in enumerate(value) for fault in self.item.faults(v, f"{at}{i}.")]


class TextToWord(Closed):
    """An object of any names, each with a checksum."""

    def faults(self, value, at=""):
        if not isinstance(value, dict):
            return [f"{at} is no object: {value!r}"]
        return [f"{at}{name} is no checksum: {v!r}" for name, v in value.items() if not word(v)]


# Optional fields are written with a _ behind them here.
CHANGE = Closed(address=text, status=status, incarnationNumber=whole, source_=text, sourceIncarnationNumber_=whole,
                tombstone_=set_flag, labels_=labels)
LISTED = Closed(source=text, address=text, status=status, incarnationNumber=whole, sourceIncarnationNumber_=whole,
                tombstone_=set_flag, labels_=labels)

REQUESTS = {
    "/protocol/join": Closed(app=text, source=text, incarnationNumber=whole),
    "/protocol/ping": Closed(checksum=word, changes=ListOf(CHANGE), source=text, sourceIncarnationNumber=whole, app_=text),
    "/protocol/ping-req": Closed(checksum=word, changes=ListOf(CHANGE), source=text, sourceIncarnationNumber=whole, target=text),
}
ANSWERS = {
    "/protocol/join": Closed(app=text, coordinator=text, membership=ListOf(LISTED), membershipChecksum=word,
                             dampScore_=whole),
    "/protocol/ping": Closed(changes=ListOf(CHANGE), checksum=word, source=text, sourceIncarnationNumber=whole),
    "/protocol/ping-req": Closed(changes=ListOf(CHANGE), pingStatus=flag, target=text, refused_=set_flag),
    "/admin/lookup": Closed(dest=text),
    "/admin/stats": Closed(
        hooks=null,
        membership=Closed(checksum=word, members=ListOf(
            Closed(address=text, status=shown_status, incarnationNumber=whole, dampScore_=number, labels_=labels))),
        process=Closed(memory=Closed(rss=number, heapTotal=number, heapUsed=number), pid=number),
        protocol=Closed(timing=lambda value: isinstance(value, dict), protocolRate=number, clientRate=number,
                        serverRate=number, totalRate=number),
        ring=Closed(checksum=word, servers=ListOf(text), checksums_=TextToWord()),
        version=text, timestamp=number, uptime=number, tchannelVersion=text),
}


def request_faults(endpoint, body):
    return REQUESTS[endpoint].faults(body)


def answer_faults(endpoint, body):
    return ANSWERS[endpoint].faults(body) if endpoint in ANSWERS else []
