"""What must have come, held against the relay's journal, the outbox and the trail. Every difference is one line."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tests.soak.expected import QUARTER, Expected, Known, Sig

Row = dict[str, Any]
FOUND_OUT = {"bounced", "gave_up", "cancelled"}
SUPERSEDED = {"expiry_warning": {"changed", "claimed", "issued", "locked"}, "password": {"claimed", "issued"}}
GIVEN_UP_WITH_ADDRESS = {"introduction", "username", "password", "reset_link"}
ENDED_UNREAD = ("mail:delivery:gave-up", "mail:delivery:bounced")
CLAIMED = "account:reset:claimed"
SUPERSEDED["reset_link"] = {"changed", "claimed", "issued", "moved"}


def quarter(moment: str | datetime) -> datetime:
    """The moment at which the quarter of an hour began."""
    exact = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return datetime.fromtimestamp(exact.timestamp() // QUARTER.total_seconds() * QUARTER.total_seconds(), UTC)


def moved(mails: list[Row], names: dict[str, int]) -> set[tuple[int, datetime]]:
    """Whose address changed in which quarter, as the outbox says."""
    return {
        (names.get(mail["about"], 0), quarter(mail["posted_at"])) for mail in mails if mail["kind"] == "email_changed"
    }


@dataclass
class Year:
    """Everything that is held against everything."""

    expected: Expected
    mails: list[Row]
    journal: list[Row]  # in the order of the relay; ``phase`` says in which run of senders
    killed_phases: set[int]  # in which a sender was killed
    events: list[Row]
    requests: list[str]
    accounts: dict[str, bool]

    def faults(self) -> list[str]:
        checks = (self._posted, self._settled, self._relay, self._order, self._trail, self._never_received)
        return [fault for check in checks for fault in check()]

    @property
    def repeats(self) -> int:
        return len(self.journal) - len({line["message_id"] for line in self.journal})

    def _names(self) -> dict[str, Known]:
        return {name: known for known in self.expected.agents.values() for name in known.names}

    def _sig(self, mail: Row) -> Sig:
        known = self._names_at_hand.get(mail["about"])
        number, kind, key = known.number if known else 0, mail["kind"], mail["key"]
        if kind in ("introduction", "username", "password", "password_changed", "password_was_reset"):
            return Sig(number, kind, key.rpartition(":")[2])
        if kind == "expiry_warning":
            return Sig(number, kind, key.rpartition(":")[2])
        old = ":old" if key.endswith(":old") else ""
        return Sig(number, kind, f"{quarter(mail['posted_at']).isoformat()}{old}")

    def __post_init__(self) -> None:
        self._names_at_hand = self._names()
        self._taken: dict[str, list[Row]] = defaultdict(list)
        for place, line in enumerate(self.journal):
            self._taken[line["message_id"]].append({**line, "place": place})

    def _posted(self) -> Iterator[str]:
        """Exactly the mails that must have been posted, each once, at its time, to the right mailbox."""
        due = {_plain(sig): expected for sig, expected in self.expected.mails.items()}
        found = Counter(self._sig(mail) for mail in self.mails)
        yield from (f"posted {times} times: {sig}" for sig, times in found.items() if times > 1)
        yield from (f"must have been posted and was not: {sig} at {due[sig].at}" for sig in sorted(due.keys() - found))
        yield from (f"nobody had to get it: {sig}" for sig in sorted(found.keys() - due))
        for mail in self.mails:
            expected = due.get(self._sig(mail))
            if expected is not None and quarter(mail["posted_at"]) != expected.at:
                yield f"posted at {mail['posted_at']} and not at {expected.at}: {self._sig(mail)}"
            if expected is not None and mail["to"] not in expected.to:
                yield f"went to {mail['to']} and not to {sorted(expected.to)}: {self._sig(mail)}"

    def _settled(self) -> Iterator[str]:
        """What became of each mail is what had to become of it, and nothing is left of a secret."""
        for mail in self.mails:
            sig, state = self._sig(mail), mail["state"]
            if mail["secret"] and (mail["has_body"] or not mail["wiped_at"]):
                yield f"a secret that was not wiped: {sig} ({state})"
            if mail["to"].startswith("dead"):
                if state not in FOUND_OUT:
                    yield f"{state}, although nobody reads there: {sig}"
            elif state in ("cancelled", "gave_up"):
                if not self._superseded(mail):
                    yield f"taken back or given up without a reason ({state}): {sig}"
            elif state != "accepted":
                yield f"never arrived ({state}): {sig}"
            elif mail["kind"] == "expiry_warning" and self._left_too_late(mail):
                yield f"left after its password had ended: {sig} at {mail['accepted_at']}"

    def _ends(self, mail: Row) -> list[datetime]:
        """When, after it was posted, something took the mail back."""
        known, causes = self._names_at_hand.get(mail["about"]), SUPERSEDED.get(mail["kind"], set())
        if known is None:
            return []
        posted = quarter(mail["posted_at"])
        ends = [at for at, what in known.ended if what in causes and at >= posted]
        return ends + [at for at in known.moved_at if "moved" in causes and at >= posted]

    def _moved_away(self, mail: Row) -> bool:
        """Its mailbox was the agent's no more before it could leave."""
        known, posted = self._names_at_hand.get(mail["about"]), quarter(mail["posted_at"])
        return known is not None and any(at >= posted for at in known.moved_at)

    def _superseded(self, mail: Row) -> bool:
        if mail["state"] == "gave_up":
            return mail["kind"] in GIVEN_UP_WITH_ADDRESS and self._moved_away(mail)
        return bool(self._ends(mail))

    def _left_too_late(self, mail: Row) -> bool:
        """One that a killed sender had in its hands cannot be taken back; it was tried more than once."""
        left = quarter(mail["accepted_at"])
        return mail["attempts"] < 2 and any(left > at for at in self._ends(mail))

    def _relay(self) -> Iterator[str]:
        """Each Message-ID once, unless a sender was killed at that moment; then the same bytes again."""
        rows = {mail["message_id"]: mail for mail in self.mails}
        yield from (f"nobody knows this message: {name}" for name in self._taken.keys() - rows.keys())
        for name, mail in rows.items():
            taken = self._taken.get(name, [])
            in_dead_hands = mail["attempts"] > 1 or mail["taken_back"]  # nobody knew that the relay had it
            if (mail["state"] == "accepted") != bool(taken) and not (taken and in_dead_hands):
                yield f"the outbox says {mail['state']}, the relay took it {len(taken)} times: {self._sig(mail)}"
            if len({line["digest"] for line in taken}) > 1:
                yield f"other bytes under the same Message-ID: {self._sig(mail)}"
            if any(line["to"] != [mail["to"]] for line in taken):
                yield f"the relay got it for {[line['to'] for line in taken]}: {self._sig(mail)}"
            for line in taken[:-1]:
                if not {line["phase"], line["phase"] - 1} & self.killed_phases:
                    yield f"sent again although no sender was killed (phase {line['phase']}): {self._sig(mail)}"

    def _order(self) -> Iterator[str]:
        """Introduction, user name, password: in this order, unless one waited for a day (J9)."""
        of_agent: dict[int, list[Row]] = defaultdict(list)
        for mail in self.mails:
            if (
                mail["kind"] in ("introduction", "username", "password")
                and mail["place"]
                and mail["state"] == "accepted"
            ):
                of_agent[self._sig(mail).number].append(mail)
        for number, mails in of_agent.items():
            mails.sort(key=lambda mail: int(mail["place"]))
            for first, then in pairwise(mails):
                early = self._place(then) < self._place(first) and then["accepted_at"] < then["wait_until"]
                if early:
                    yield f"{then['kind']} came before {first['kind']}: agent {number}"

    def _place(self, mail: Row) -> int:
        taken = self._taken.get(mail["message_id"])
        return int(taken[0]["place"]) if taken else -1

    def _trail(self) -> Iterator[str]:
        """The trail is the witness: one acceptance a mail, one note a warning, nothing besides."""
        accepted = Counter(
            str(one["detail"]["message_id"]) for one in self.events if one["action"].endswith(":accepted")
        )
        rows = {mail["message_id"] for mail in self.mails if mail["state"] == "accepted"}
        yield from (f"accepted {times} times by the trail: {name}" for name, times in accepted.items() if times > 1)
        yield from (f"accepted, and the trail does not know: {name}" for name in rows - accepted.keys())
        yield from (f"only the trail says that it was accepted: {name}" for name in accepted.keys() - rows)
        yield from (
            f"the trail says accepted, the relay never saw it: {name}" for name in accepted.keys() - self._taken
        )
        yield from self._warned()

    def _warned(self) -> Iterator[str]:
        """The trail names each warning with the days that it told."""
        noted = Counter(
            (self._names_at_hand[one["subject"]].number, one["detail"]["serial"], one["detail"]["days"])
            for one in self.events
            if one["action"] == "account:password:warned"
        )
        warnings = (sig for sig in self.expected.mails if sig.kind == "expiry_warning")
        due = Counter(
            (sig.number, int(sig.cycle.partition("-")[0]), int(sig.cycle.rpartition(" ")[2])) for sig in warnings
        )
        yield from (f"the trail has no warning of agent, password, days left: {one}" for one in (due - noted))
        yield from (f"warned without need, agent, password, days left: {one}" for one in (noted - due))

    def _never_received(self) -> Iterator[str]:
        """Every password that did not arrive was revoked, and the service center asked after its agent, once; unless
        its owner had made a new one by the reset before anybody looked."""
        mails = [mail for mail in self.mails if mail["kind"] == "password" and mail["state"] in ("bounced", "gave_up")]
        lost = {mail["key"] for mail in mails}
        open_ones = lost - {mail["key"] for mail in mails if self._was_replaced(mail)}
        asked = Counter(self.requests)
        yield from (f"nobody was asked after {key}" for key in sorted(open_ones - asked.keys()))
        yield from (f"asked {times} times after {key}" for key, times in asked.items() if times > 1 or key not in lost)
        revoked = Counter(str(one["detail"]["mail"]) for one in self.events if one["action"].endswith(":revoked"))
        yield from (f"not revoked, or not once: {key}" for key in sorted(open_ones) if revoked[key] != 1)
        yield from (f"revoked {times} times: {key}" for key, times in revoked.items() if times > 1)
        for name, is_revoked in self.accounts.items():
            known = self._names_at_hand.get(name)
            if known and is_revoked and not any(re.fullmatch(f"password:.*:{known.serial}", key) for key in lost):
                yield f"revoked, although its mail was not lost: agent {known.number}"

    def _was_replaced(self, mail: Row) -> bool:
        """Whether the owner claimed a newer password before the mail's end, or within a quarter of an hour after it."""
        ends = [
            datetime.fromisoformat(one["at"])
            for one in self.events
            if one["action"] in ENDED_UNREAD and one["detail"]["key"] == mail["key"]
        ]
        serial = int(mail["key"].rpartition(":")[2])
        claims = [
            datetime.fromisoformat(one["at"])
            for one in self.events
            if (one["action"], one["subject"]) == (CLAIMED, mail["about"]) and one["detail"]["serial"] > serial
        ]
        return any(claim <= end + QUARTER for claim in claims for end in ends)


def _plain(sig: Sig) -> Sig:
    """Without the days that the warning told: the rung is the key."""
    return sig._replace(cycle=sig.cycle.partition(" of ")[0])
