#!/usr/bin/env python3
"""Predicts what is flagged at the end of the story, from country.toml and diary.toml alone.

It goes on from the second bookkeeper of predict.py and shares no code with the program. Each rule
below is written from its definition in the catalogue. `python3 seeds/predict_flags.py` compares
the counts and amounts with the table of question 04 in README.md and says what differs; rules that
it does not know it names.
"""


import sys
from datetime import date, datetime, timedelta

import predict as p

END = p.moment(p.MOMENTS[-1])
NUMBERS = {code: rule["recipients"] for code, rule in p.programmes.items()}


def day(when):
    return (when + p.offset).date()


def end_of(d):
    """The last moment of a day."""
    return datetime.combine(d + timedelta(days=1), datetime.min.time(), p.now.tzinfo) - p.offset - timedelta(milliseconds=1)


def chosen(step):
    """As predict.py chooses; a registry may also name a few."""
    return p.chosen(step)


def settled(figures, net):
    """What is booked or confirmed of a payment, whichever is more."""
    return max(figures["arrived"] or 0, min(figures["credited"], net))


class Payment:
    def __init__(self, hop):
        self.hop, self.sent_at = hop, hop.history[0][0]
        self.net = lambda f: f["sent"] - f["deducted"] - f["refused"]
        self.now = settled(hop.f, self.net(hop.f))
        first = [at for at, f in hop.history if settled(f, self.net(f)) > 0]
        self.settled_at = first[0] if first else None


payments = {}
for hop in p.hops:
    if hop.kind == "DELIVERY":
        payments.setdefault((hop.to, hop.programme, hop.cycle), []).append(Payment(hop))

late_days = dict.fromkeys(p.programmes, 30)
entitled, status, identity, account, household, asked = {}, {}, {}, {}, {}, set()
for step in p.diary["step"]:
    if step["do"] == "entitle":
        for who in chosen(step):
            entitled[who, step["programme"], step["cycle"]] = (p.minor(p.programmes[step["programme"]]["rate"]), date.fromisoformat(step["due"]))
    elif step["do"] == "register":
        for who in chosen(step):
            value = step.get("value", who)
            if step["kind"] == "STATUS":
                status[who] = (value, date.fromisoformat(step["since"]))
            else:
                {"IDENTITY": identity, "ACCOUNT": account, "HOUSEHOLD": household}[step["kind"]][who] = value
    elif step["do"] == "set_rules":
        late_days |= {step["programme"]: t["value"] for t in step.get("thresholds", []) if t["name"] == "L06.days"}
    elif step["do"] == "ask":
        asked |= {(who, step["programme"], step["cycle"]) for who in chosen(step)}


def status_on(who, d):
    name, since = status.get(who, ("ACTIVE", date.min))
    return name if d >= since else "ACTIVE"


def paid(who, programme=None):
    """What a recipient has of all payments."""
    found = [pay for (to, code, _), pays in payments.items() for pay in pays if to == who and programme in (None, code)]
    return sum(pay.now for pay in found)


def open_of(hop, figures):
    """What of a hop nobody says anything of."""
    if figures["arrived"] is not None or figures["reversed"]:
        return 0
    net = figures["sent"] - figures["deducted"] - figures["refused"]
    return net - min(figures["credited"], net)




def balance(party, programme, when):
    """What a party holds of a programme's money at a moment."""
    return sum(l.amount for l in p.lots if l.state in ("held", "returned") and l.holder == party and l.programme == programme
               and l.born <= when and (l.died is None or l.died > when))


def parked():
    """Party and programme -> what it holds now, and minor units times days since it was last empty at
    the end of a day, where that is longer ago than 15 days."""
    found, today = {}, day(END)
    for party in p.level:
        for programme in p.programmes:
            ends = []
            at = today - timedelta(days=1)
            while (held := balance(party, programme, end_of(at))) > 0:
                ends.append(held)
                at -= timedelta(days=1)
            now = balance(party, programme, END)
            if len(ends) > 15:
                found[party, programme] = (now, sum(ends))
    return found


def findings():
    """(rule, standing) -> the amounts."""
    found = {}

    def add(rule, amount, stands=True):
        found.setdefault((rule, stands), []).append(amount)

    for hop in p.hops:
        f = hop.f
        short = None if f["arrived"] is None else f["sent"] - f["arrived"] - f["deducted"] - f["refused"]
        if hop.kind != "DELIVERY" and short is not None and short > 0:
            add("L01", short)
        if short is not None and short < 0:
            add("L02", -short)
        was_late = any(at > hop.due for at, g in hop.history[1:] if open_of(hop, hop.at(at - timedelta(milliseconds=1))) > 0 and open_of(hop, g) == 0)
        if END > hop.due and open_of(hop, f) > 0:
            add("L04", open_of(hop, f))
        elif was_late:
            add("L04", 0, False)
        if hop.kind == "DELIVERY":
            if any(l.state == "disputed" for l in p.lots if l.hop is hop and l.died is None):
                add("L33", short)
            elif any(l.state == "disputed" for l in p.lots if l.hop is hop):
                add("L33", 0, False)
            if status_on(hop.to, day(hop.history[0][0])) == "SUSPENDED":
                add("L16", f["sent"] - f["refused"])
    for now, _ in parked().values():
        # What is gone on the last day was flagged until then.
        add("L05", now, now > 0)
    for step in p.diary["step"]:
        if step["do"] == "send":
            for code, amount in p.codes(step, "keep"):
                above = amount - p.cap(step["programme"], code, 10**12)
                if above > 0:
                    add("L03", above)
            for output in step["to"]:
                if "purpose" in output:
                    add("L22", p.minor(output["amount"]))
                way = {s["from"]: s["to"] for s in [r for r in p.diary["step"] if r["do"] == "set_rules" and r["programme"] == step["programme"]][0]["route"]}
                if p.level[output["party"]] not in way.get(p.level[step["by"]], []):
                    add("L20", p.minor(output["amount"]))
        elif step["do"] == "acknowledge":
            for code, amount in p.codes(step):
                sent = p.latest(step, step["from"], step["by"]).f["sent"]
                above = amount - p.cap(step["programme"], code, sent)
                if above > 0:
                    add("L03", above)
    for key, (amount, due) in entitled.items():
        pays = payments.get(key, [])
        total = sum(pay.now for pay in pays)
        times = [pay.settled_at for pay in pays if pay.settled_at]
        if total == 0:
            if END > end_of(due) and "ACTIVE" == status_on(key[0], due) == status_on(key[0], day(END)):
                add("L07", amount)
        elif min(times) > end_of(due):
            add("L07", 0, False)
        late = [pay for pay in pays if pay.settled_at and pay.settled_at > end_of(due + timedelta(days=late_days[key[1]]))]
        if late:
            add("L06", sum(pay.now for pay in late))
        words = [pay.hop.f["arrived"] for pay in pays if pay.hop.f["arrived"] is not None]
        lawful = sum(min(amount_, p.cap(key[1], code, pay.hop.f["sent"])) for pay in pays for code, amount_ in p.codes(pay_step(pay)))
        if words and 0 < sum(words) and sum(words) + lawful < amount:
            add("L18", amount - sum(words) - lawful)
        if total > amount:
            add("L17", total - amount)
        if len([pay for pay in pays if pay.now > 0]) > 1:
            add("L10", sum(pay.now for pay in pays) - [pay.now for pay in pays if pay.now > 0][0])
    for who, (name, since) in status.items():
        if name == "DECEASED":
            late = [pay for (to, _, _), pays in payments.items() for pay in pays if to == who and pay.settled_at and day(pay.settled_at) > since]
            if late:
                add("L15", sum(pay.now for pay in late))
    for value in set(identity.values()):
        holders = [who for who in identity if identity[who] == value]
        if len(holders) > 1:
            add("L09", sum(paid(who) for who in sorted(holders)[1:]))
    for value in set(account.values()):
        holders = [who for who in account if account[who] == value]
        if len(holders) >= 3 and len({household.get(who, who) for who in holders}) > 1:
            add("L12", sum(paid(who) for who in holders))
    silent = {}
    for (who, code, cycle) in asked:
        pays = payments[who, code, cycle]
        if all(pay.hop.f["arrived"] is None for pay in pays) and sum(pay.now for pay in pays) > 0:
            silent.setdefault((who, code), []).append(sum(pay.now for pay in pays))
    for amounts in silent.values():
        if len(amounts) >= 2:
            add("L08", sum(amounts))
    return found


def pay_step(pay):
    """The step that made a payment, for its deductions."""
    return next(s for s in p.diary["step"] if s["do"] == "pay" and p.moment(s["at"]) == pay.sent_at)


def rows(question, column):
    """The rows of the table of a question that has a column."""
    text = (p.HERE / "README.md").read_text()
    section = text.split(f"### {question}\n")[1].split("\n#")[0]
    head = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line[1:-1].split("|")] if line.startswith("| ") else []
        if not cells:
            head = head if line.startswith("|-") else []
        elif not head:
            head = cells
        elif column in head:
            yield dict(zip(head, cells))


def shares(question, by, key_of):
    """What differs in the rates and classes of a question's groups."""
    mine, bad = p.report(by, END), []
    for row in rows(question, "narrowRate"):
        group = mine[row["key"] or "(none)"]
        due = sum(amount for key, (amount, by_then) in entitled.items() if key_of(key) == row["key"] and END > end_of(by_then))
        expected = {"narrowRate": group["narrow"], "coverage": group["coverage"], "broadRate": p.rate(due - group["confirmed"], due)}
        for name in ("allocated", "confirmed", "overdue", "disputed", "unaccounted"):
            expected["statement." + name] = f"{p.Decimal(group[name]) / 100:.2f}"
        bad += [f"{question} {row['key']} {name}: predicted {value}, README says {row[name]}" for name, value in expected.items() if name in row and row[name] != value]
    return bad


def main():
    told = {}
    for row in rows("04-which-rule-fires-most", "count"):
        count, amount = told.get((row["rule.code"], row["resolved"] == "false"), (0, 0))
        told[row["rule.code"], row["resolved"] == "false"] = (count + int(row["count"]), amount + p.minor(row["amount"]))
    mine = {key: (len(amounts), sum(amounts)) for key, amounts in findings().items()}
    known = {rule for rule, _ in mine}
    costs = {(row["responsible.label"], row["programme.code"]): (p.minor(row["amount"]), int(row["score.equation"].split()[6])) for row in rows("02-who-holds-money-longest", "score.equation")}
    wrong = shares("01-where-is-money-lost", "area-1", lambda key: p.area[key[0]].split("/")[0]) + shares("09-how-did-it-develop", "cycle", lambda key: key[2])
    if costs != {key: held for key, held in parked().items() if held[0] > 0}:
        wrong.append("02: the cost of parked money differs")
    print("\n".join(wrong), end="\n" if wrong else "")
    bad = len(wrong)
    for key in sorted(set(mine) | set(told)):
        rule, stands = key
        if rule not in known:
            print(f"{rule} is not predicted here: README says {told[key]}")
            continue
        a, b = mine.get(key, (0, 0)), told.get(key, (0, 0))
        if a[0] != b[0] or (stands and a[1] != b[1]):
            bad += 1
            print(f"{rule} {'standing' if stands else 'resolved'}: predicted {a}, README says {b}")
    sys.exit(1 if bad else 0)


main()
