"""What tests ask of a recorded run."""

COUNTS = "3.12 is the first that does"


def functions(ran):
    return sorted(program["function"] for program in ran.all("program"))


def one(ran, name):
    (found,) = [program for program in ran.all("program") if program["function"] == name]
    return found


def counted(ran):
    return COUNTS not in ran.one("recorded")["missing"]


def jaxpr(ran, program):
    parts = [e for e in ran.all("stage") if e["index"] == program["index"] and e["stage"] == "jaxpr"]
    return "\n".join(part["text"] for part in parts)
