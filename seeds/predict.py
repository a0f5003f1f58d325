#!/usr/bin/env python3
"""Predicts every figure of README.md from country.toml and diary.toml alone.

A second bookkeeper, written from the rules and not from the program: it shares no code with it
and reads nothing that it wrote. `python3 seeds/predict.py` prints the tables;
`python3 seeds/predict.py --write` puts them into README.md, between its two markers. The test
`story` compares the program's answers with the README.
"""

import pathlib
import sys
import tomllib
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

HERE = pathlib.Path(__file__).parent
MOMENTS = ["2026-08-31T18:00:00Z", "2026-09-30T18:00:00Z", "2026-10-20T12:00:00Z"]
CLASSES = ["held", "in transit", "overdue", "booked", "confirmed", "deducted", "returned", "disputed", "unaccounted"]
JUDGED = {"overdue", "confirmed", "deducted", "returned", "disputed", "unaccounted"}
SOUND = {"confirmed", "deducted", "returned"}
# What moves no money.
NOTES = {"set_rules", "entitle", "register", "ask", "collect", "take_up", "pursue", "end_case"}

country = tomllib.loads((HERE / "country.toml").read_text())
diary = tomllib.loads((HERE / "diary.toml").read_text())
offset = timedelta(minutes=country["utc_offset_minutes"])
programmes = {p["code"]: p for p in country["programme"]}
area, kind, level = {}, {}, {}
for party in country["party"]:
    area[party["label"]], kind[party["label"]], level[party["label"]] = party["area"], party["kind"], party["level"]
people = {}
for township in country["township"]:
    office = township["name"] + " Office"
    area[office], kind[office], level[office] = township["area"], "INTERMEDIARY", "township"
    people[township["name"]] = [f"{township['name']} {n:02}" for n in range(1, township["recipients"] + 1)]
    for person in people[township["name"]]:
        area[person], kind[person], level[person] = township["area"], "RECIPIENT", ""


def minor(text):
    return int(Decimal(text) * 100)


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Lot:
    """Some money in one place from `born` until `died`."""

    def __init__(self, amount, origin, state, hop, accountable, where, holder, programme, cycle, due=None):
        self.__dict__.update(locals())
        self.born, self.died = now, None
        lots.append(self)

    def become(self, amount, **changes):
        """Takes `amount` out of the lot and gives it another place; the rest stays as it was."""
        assert self.died is None and 0 < amount <= self.amount, (self.amount, amount)
        self.died = now
        keep = {k: self.__dict__[k] for k in ("origin", "state", "hop", "accountable", "where", "holder", "programme", "cycle", "due")}
        new = Lot(amount, **{**keep, "due": None, **changes})
        if amount < self.amount:
            Lot(self.amount - amount, **keep)
        return new


class Hop:
    """A pass of hands; `history` holds its figures from each moment on."""

    def __init__(self, kind, sender, to, programme, cycle, sent, deducted, accountable):
        self.kind, self.sender, self.to, self.programme, self.cycle = kind, sender, to, programme, cycle
        self.accountable = accountable
        self.where = area[to] if kind == "DELIVERY" else area[accountable]
        key = {"DELIVERY": "delivery", "TRANSFER": "transfer", "RETURN": "return", "RECOVERY": "recovery"}[kind]
        days = programmes[programme]["allowed_days"][key]
        midnight = (now + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset
        self.due = midnight + timedelta(days=days + 1) - timedelta(milliseconds=1)
        self.f = {"sent": sent, "deducted": deducted, "refused": 0, "arrived": None, "credited": 0, "reversed": False}
        self.history = [(now, dict(self.f))]
        self.codes = {}
        hops.append(self)

    def set(self, **figures):
        self.f.update(figures)
        self.history.append((now, dict(self.f)))

    def at(self, when):
        past = [figures for since, figures in self.history if since <= when]
        return past[-1] if past else None

    def lots(self, *states):
        return [l for l in lots if l.hop is self and l.died is None and l.state in states]


lots, hops, now = [], [], None


def cap(programme, code, gross):
    for rule in programmes[programme]["deductions"]:
        if rule["code"] == code:
            caps = [minor(rule["cap_amount"])] if "cap_amount" in rule else []
            caps += [gross * rule["cap_millionths"] // 1_000_000] if "cap_millionths" in rule else []
            return min(caps)
    return 0


def purse(party, step, amount):
    """The first token of the party, of this programme and cycle, that is large enough."""
    mine = [l for l in lots if l.died is None and l.state in ("held", "returned") and l.holder == party
            and (l.programme, l.cycle) == (step["programme"], step["cycle"]) and l.amount >= amount]
    return sorted(mine, key=lambda l: l.origin != "ALLOCATION")[0]


def latest(step, sender, to):
    return [h for h in hops if (h.programme, h.cycle, h.sender, h.to) == (step["programme"], step["cycle"], sender, to)
            and not h.f["reversed"]][-1]


def delivery(step, person):
    return [h for h in hops if (h.programme, h.cycle, h.to) == (step["programme"], step["cycle"], person)][-1]


def chosen(step):
    """The recipients that a step is about."""
    if "only" in step:
        return step["only"]
    numbers = programmes[step["programme"]]["recipients"]
    found = [p for t in step["townships"] for p in people[t][numbers["first"] - 1:numbers["last"]]]
    assert set(step.get("leave_out", [])) <= set(found)
    return [p for p in found if p not in step.get("leave_out", [])]


def dispatch(lot, sender, outputs, keep=()):
    """Sends parts of a lot: (receiver, gross, deductions)."""
    programme, cycle, token = lot.programme, lot.cycle, lot.amount
    taken = sum(gross for _, gross, _ in outputs) + sum(amount for _, amount in keep)
    rest = lot
    for to, gross, deductions in outputs:
        is_payee = kind[to] == "RECIPIENT"
        hop = Hop("DELIVERY" if is_payee else "TRANSFER", sender, to, programme, cycle, gross, sum(a for _, a in deductions), sender)
        place = dict(hop=hop, accountable=sender, where=hop.where, holder=None)
        for state, amount, due in [("in transit", gross - hop.f["deducted"], hop.due)] + split(programme, deductions, gross):
            rest = piece(rest, amount, state=state, due=due, **place)
    for state, amount, _ in split(programme, keep, token):
        rest = piece(rest, amount, state=state, accountable=sender, where=area[sender], holder=sender, hop=None)
    assert taken <= token


def piece(lot, amount, **changes):
    """Takes a piece and answers what is left of the lot."""
    whole = lot.amount == amount
    lot.become(amount, **changes)
    return None if whole else lots[-1]


def split(programme, deductions, gross):
    """Deductions as (class, amount): up to the cap, and what is above it."""
    parts = []
    for code, amount in deductions:
        lawful = min(amount, cap(programme, code, gross))
        parts += [("deducted", lawful, None)] * (lawful > 0) + [("unaccounted", amount - lawful, None)] * (amount > lawful)
    return parts


def codes(step, key="deductions"):
    return [(d["code"], minor(d["amount"])) for d in step.get(key, [])]


def take(found, amount, **changes):
    """Takes up to an amount from lots, in order; answers how much."""
    taken = 0
    for lot in found:
        part = min(lot.amount, amount - taken)
        if part > 0:
            lot.become(part, **changes)
            taken += part
    return taken


def acknowledge(step):
    hop, by = latest(step, step["from"], step["by"]), step["by"]
    arrived, before = minor(step["arrived"]), hop.f["arrived"]
    for state, amount, _ in split(hop.programme, codes(step), hop.f["sent"]):
        assert take(hop.lots("in transit"), amount, state=state) == amount
    back = hop.kind in ("RETURN", "RECOVERY") and kind[by] == "TREASURY"
    mine = dict(state="returned" if back else "held", accountable=by, where=area[by], holder=by, hop=None)
    rise = arrived - (before or 0)
    taken = take(hop.lots("in transit"), rise, **mine)
    taken += take(hop.lots("unaccounted"), rise - taken, **mine) if before is not None else 0
    if rise > taken:
        Lot(rise - taken, "SURPLUS", programme=hop.programme, cycle=hop.cycle, **mine)
    take(hop.lots("in transit"), 10**18, state="unaccounted")
    hop.set(arrived=arrived, deducted=hop.f["deducted"] + sum(a for _, a in codes(step)))


def word(hop, received):
    assert hop.f["arrived"] is None and received <= hop.f["sent"] - hop.f["deducted"]
    taken = take(hop.lots("in transit"), received, state="confirmed", holder=hop.to)
    taken += take(hop.lots("booked"), received - taken, state="confirmed", holder=hop.to)
    assert taken == received
    take(hop.lots("in transit", "booked"), 10**18, state="disputed")
    hop.set(arrived=received)


def send_back(lot, amount, by, to, hop_kind, accountable):
    hop = Hop(hop_kind, by, to, lot.programme, lot.cycle, amount, 0, accountable)
    lot.become(amount, state="in transit", hop=hop, accountable=accountable, where=hop.where, holder=None, due=hop.due)


def perform(step):
    programme, do = programmes[step["programme"]], step["do"]
    if do == "allocate":
        owner = programme["treasury"]
        Lot(minor(step["amount"]), "ALLOCATION", "held", None, owner, area[owner], owner, step["programme"], step["cycle"])
    elif do == "send":
        outputs = [(o["party"], minor(o["amount"]), codes(o)) for o in step["to"]]
        total = sum(o[1] for o in outputs) + sum(a for _, a in codes(step, "keep"))
        dispatch(purse(step["by"], step, total), step["by"], outputs, codes(step, "keep"))
    elif do == "pay":
        rate = minor(programme["rate"])
        outputs = [(person, rate, codes(step)) for person in chosen(step)]
        dispatch(purse(step["by"], step, rate * len(outputs)), step["by"], outputs)
    elif do == "acknowledge":
        acknowledge(step)
    elif do == "credit":
        for person in chosen(step):
            hop = delivery(step, person)
            net = hop.f["sent"] - hop.f["deducted"]
            if hop.f["arrived"] is None:
                assert take(hop.lots("in transit"), net, state="booked") == net
            hop.set(credited=net)
    elif do == "bounce":
        hop = delivery(step, step["recipient"])
        net = hop.f["sent"] - hop.f["deducted"]
        [lot] = hop.lots("in transit")
        if hop.sender == step["by"]:
            lot.become(net, state="held", hop=None, accountable=step["by"], where=area[step["by"]], holder=step["by"])
        else:
            send_back(lot, net, step["by"], hop.sender, "RETURN", step["by"])
        hop.set(refused=net)
    elif do == "confirm":
        for person in chosen(step):
            hop = delivery(step, person)
            word(hop, hop.f["sent"] - hop.f["deducted"])
    elif do == "dispute":
        word(delivery(step, step["recipient"]), minor(step["received"]))
    elif do == "decide":
        hop = delivery(step, step["recipient"])
        assert take(hop.lots("disputed"), 10**18, state={"UPHELD": "unaccounted", "DISMISSED": "booked"}[step["decision"]])
    elif do == "give_back":
        send_back(purse(step["by"], step, minor(step["amount"])), minor(step["amount"]), step["by"], step["to"], "RETURN", step["by"])
    elif do == "recover":
        [lot] = delivery(step, step["recipient"]).lots("unaccounted")
        send_back(lot, minor(step["amount"]), step["by"], programme["treasury"], "RECOVERY", lot.accountable)
    elif do == "lose":
        lot = purse(step["by"], step, minor(step["amount"]))
        lot.become(minor(step["amount"]), state="unaccounted")
    elif do == "reverse":
        hop = latest(step, step["by"], step["to"])
        [lot] = hop.lots("in transit")
        lot.become(lot.amount, state="held", hop=None, accountable=hop.sender, where=area[hop.sender], holder=hop.sender)
        hop.set(sent=0, deducted=0, arrived=None, reversed=True)
    else:
        assert do in {"appropriate"} | NOTES, do


def group_of(thing, by):
    if by == "all":
        return "all"
    if by == "programme":
        return thing.programme
    if by == "cycle":
        return thing.cycle
    if by == "party":
        return thing.accountable
    return "/".join(thing.where.split("/")[:int(by[-1])]) or "(none)"


def report(by, when):
    rows = {}
    blank = lambda: {c: 0 for c in CLASSES} | {"allocated": 0, "surplus": 0, "judged": 0, "loss": 0, "s": 0, "good": 0, "answered": 0, "answerable": 0}
    for lot in lots:
        if lot.born <= when and (lot.died is None or lot.died > when):
            row = rows.setdefault(group_of(lot, by), blank())
            state = "overdue" if lot.state == "in transit" and when > lot.due else lot.state
            row[state] += lot.amount
            row["allocated" if lot.origin == "ALLOCATION" else "surplus"] += lot.amount
            row["judged"] += lot.amount if lot.origin == "ALLOCATION" and state in JUDGED else 0
    for hop in hops:
        figures = hop.at(when)
        if figures is None:
            continue
        row = rows.setdefault(group_of(hop, by), blank())
        s, f, q, r = (figures[k] for k in ("sent", "deducted", "refused", "arrived"))
        row["loss"] += s - r - f - q if r is not None else 0
        bounced = q > 0 and q == s - f
        # What the bank booked in full waits for the recipient's word, however late.
        late = when > hop.due and not 0 < s - f - q <= figures["credited"]
        judged = not figures["reversed"] and (r is not None or bounced or late)
        if hop.kind in ("TRANSFER", "DELIVERY") and judged:
            row["s"] += s
            row["good"] += (r or 0) + f + q
        if hop.kind == "DELIVERY":
            row["answered"] += s - f - q if r is not None else 0
            row["answerable"] += s - f - q if r is not None or figures["credited"] > 0 or when > hop.due else 0
    for row in rows.values():
        assert row["allocated"] + row["surplus"] == sum(row[c] for c in CLASSES)
        of_hops = by == "party"
        top, bottom = (row["s"] - row["good"], row["s"]) if of_hops else (row["judged"] - sum(row[c] for c in SOUND), row["judged"])
        row["narrow"], row["coverage"] = rate(top, bottom), rate(row["answered"], row["answerable"])
    return rows


def rate(top, bottom):
    return str((Decimal(top) / Decimal(bottom)).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)) if bottom else "-"


def money(amount):
    return f"{Decimal(amount) / 100:,.2f}"


def table(by, when):
    columns = ["allocated", "surplus"] + CLASSES
    extra = ["level"] if by == "party" else []
    print("| " + " | ".join(["group"] + extra + columns + ["hop loss", "narrow rate", "coverage"]) + " |")
    print("|" + "---|" * (1 + len(extra)) + "---:|" * (len(columns) + 3))
    rows = report(by, when)
    order = list(level)
    for name in sorted(rows, key=(lambda n: order.index(n)) if by == "party" else None):
        row = rows[name]
        cells = [name] + ([level[name]] if by == "party" else []) + [money(row[c]) for c in columns]
        print("| " + " | ".join(cells + [money(row["loss"]), row["narrow"], row["coverage"]]) + " |")


def tables():
    groups = [("all", "", "The whole", "statement"), ("programme", "--by programme", "By programme", "PROGRAMME"),
              ("cycle", "--by cycle", "By cycle", "CYCLE"), ("party", "--by party", "By party", "PARTY"),
              ("area-1", "--by area --area-level 1", "By area, level 1", "AREA, areaLevel: 1"),
              ("area-2", "--by area --area-level 2", "By area, level 2", "AREA, areaLevel: 2")]
    for at in MOMENTS:
        print(f"## At {at}\n")
        for by, option, title, group in groups:
            print(f"### {title}, at {at}\n")
            if by == "all":
                print(f"The line `total` of any report: `aqueduct report --by programme --as-of {at}`, or")
                print(f"`leakageReport(groupBy: PROGRAMME, asOf: \"{at}\") {{ total {{ ... }} }}`.\n")
            else:
                print(f"`aqueduct report {option} --as-of {at}`, or")
                print(f"`leakageReport(groupBy: {group}, asOf: \"{at}\") {{ groups(first: 100) {{ nodes {{ ... }} }} }}`.\n")
            table(by, moment(at))
            print()


now = moment(country["begins"])
for entry in diary["step"]:
    now = moment(entry["at"])
    perform(entry)

if __name__ == "__main__" and "--write" in sys.argv:
    import contextlib
    import io

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        tables()
    readme = HERE / "README.md"
    before, rest = readme.read_text().split("<!-- tables -->")
    after = rest.split("<!-- end of tables -->")[1]
    readme.write_text(before + "<!-- tables -->\n\n" + text.getvalue() + "<!-- end of tables -->" + after)
elif __name__ == "__main__":
    tables()
