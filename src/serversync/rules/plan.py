"""From what is known of a pair to what is to be done about it: data that can be shown before it is done.

Nothing here does anything. ``decide`` looks at one pair; ``Plan`` is what a pass would do, with its counts, and prints
as the lines of a dry run. See ``docs/explanation/synchronization.md`` for the rules in prose.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from operator import attrgetter
from uuid import UUID

from serversync.rules import attachments
from serversync.rules.answers import RESPONSES, newly_heard, whole_alone
from serversync.rules.diff import Common, Verdict, judge
from serversync.rules.merge import Conflict, Merged, Preference, merge
from serversync.rules.record import TOWARDS, Direction, Fields, Kind, Side, Value, is_among
from serversync.rules.regarding import REGARDING, Company, with_company
from serversync.rules.series.apart import apart, directions_of, joined, split
from serversync.rules.series.changes import PREFIX, carried_along, expand, has_other_days, resets_occurrences
from serversync.rules.series.following import with_followers


class Step(Enum):
    """What is done about a pair."""

    __hash__ = object.__hash__  # see ``Kind``

    NOTHING = "nothing"
    CREATE_IN_CRM = "create in the CRM"
    CREATE_IN_EXCHANGE = "create in Exchange"
    UPDATE_CRM = "update the CRM"
    UPDATE_EXCHANGE = "update Exchange"
    UPDATE_BOTH = "update both"
    LINK = "link"
    DELETE_IN_CRM = "delete in the CRM"
    DELETE_IN_EXCHANGE = "delete in Exchange"
    UNLINK = "unlink"
    FORGET = "forget"
    LOOK_AGAIN = "look again"
    HOLD = "hold"


DELETIONS = frozenset({Step.DELETE_IN_CRM, Step.DELETE_IN_EXCHANGE})
"""Steps after which something is gone."""
WRITES_TO_EXCHANGE = frozenset(
    {Step.CREATE_IN_EXCHANGE, Step.UPDATE_EXCHANGE, Step.UPDATE_BOTH, Step.DELETE_IN_EXCHANGE}
)
"""Steps that change an item that people see."""


class Sight(Enum):
    """How sure it is that a record is there."""

    SEEN = "seen"
    MISSED_ONCE = "missed once"
    GONE = "gone"
    AWAY = "moved where nothing is synchronized"
    CHANGED = "there, but of another kind now"


_THERE = {
    Sight.AWAY: (
        "the item was moved out of the synchronized folders; it rests until it is back",
        "deleted in the CRM; the item lies where nothing is synchronized",
    ),
    Sight.CHANGED: (
        "the item is of another kind now; it rests until it is of its own again",
        "deleted in the CRM; the item is of another kind now",
    ),
}
"""What is said of an item that is there and takes no part: while its record is there too, and after that."""


class Deletion(IntEnum):
    """What a deletion on one side means for the other; the values of ``ssstaskdeletionsyncbehaviorfromexchange``."""

    ALWAYS = 0
    UNLESS_COMPLETED = 1
    NEVER = 2


class Leaving(IntEnum):
    """What becomes of the item in Exchange where its record leaves the filters of the user."""

    KEEP = 0
    DELETE = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What else decides on a pair.

    Attributes:
        is_completed: It is completed or cancelled on the side where it still is.
        may_be_deleted: What the kind's own rules say (``rules.appointment``); settings come on top.
        may_be_made: Whether a record without an item may get one in this mailbox.
        may_be_taken_in: Whether an item without a record may become one.
        is_withdrawn: The record says that the item must go although the record stays.
        limit: Which way the values of this pair may go.
        own: Fields that this limit does not concern.
        is_copy: The item is a copy for its user alone: whoever deletes it does without it until the record changes.
        aside: Fields that do not count for this pair now, because one side cannot say or take them (``is_among``).
        is_silent: Another mailbox speaks for the record; what the item says goes there without going to the CRM.
    """

    is_completed: bool = False
    may_be_deleted: bool = True
    may_be_made: bool = True
    may_be_taken_in: bool = True
    is_withdrawn: bool = False
    limit: Direction = Direction.BOTH
    own: frozenset[str] = frozenset()
    is_copy: bool = False
    aside: frozenset[str] = frozenset()
    is_silent: bool = False

    def within(self, directions: Mapping[str, Direction]) -> Mapping[str, Direction]:
        """Return the fields that count for this pair, each as far as it may go; none of them goes nowhere."""
        if self.limit is Direction.BOTH and not self.aside:
            return directions
        limited = {
            name: direction if name in self.own else direction.within(self.limit)
            for name, direction in directions.items()
            if not is_among(name, self.aside)
        }
        return {name: direction for name, direction in limited.items() if direction}


PLAIN = Facts()
"""Of a record about which there is nothing special."""
UNTOUCHED = Merged({}, {})
"""Both sides stay as they are."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is known of a record and its item; either may be missing.

    Attributes:
        crmid: The record in the CRM, or the key that it would have there.
        title: What people know it by.
        base: The last common state; ``None`` where the two were never compared.
        crm: The record; ``None`` where it is not there.
        exchange: The item; ``None`` where it is not there.
        crm_sight, exchange_sight: How sure a ``None`` is.
        in_filters: Whether the record is in the user's filters.
        takes_part: Whether the item in Exchange asks to be tracked.
        is_parked: Whether the pair rests because the record had left the filters.
        preferred: Whose value stays in a conflict.
        company: What is known of the parent that was chosen for a contact in Outlook.
        behind: Occurrences in Exchange that have not followed their series, each with the people that it has kept; in
            ``exchange`` they are as if they had (``rules.series.following``).
        remark: Why it takes no part, where its item is of another kind.
        told: The record as it was when it stood in the mailbox, where a person wants its lost item to be made again.
    """

    crmid: UUID
    kind: Kind
    title: str = ""
    base: Common | None = None
    crm: Fields | None = None
    exchange: Fields | None = None
    crm_sight: Sight = Sight.SEEN
    exchange_sight: Sight = Sight.SEEN
    in_filters: bool = True
    takes_part: bool = False
    is_parked: bool = False
    preferred: Side = Side.CRM
    facts: Facts = PLAIN
    company: Company | None = None
    behind: Fields | None = None
    remark: str = ""
    told: Fields | None = None

    @property
    def note(self) -> str:
        """What a person is to know of it that is neither an action nor an error."""
        return self.remark if self.company is None else self.company.why


@dataclass(frozen=True, slots=True)
class KindRules:
    """The settings that a kind follows."""

    directions: Mapping[str, Direction]
    limit: Direction = Direction.BOTH
    preference: Preference = Preference.CRM
    crm_deletion: Deletion = Deletion.ALWAYS
    exchange_deletion: Deletion = Deletion.ALWAYS
    leaving: Leaving = Leaving.KEEP

    @property
    def effective(self) -> dict[str, Direction]:
        """The fields that count, each as far as its kind may go."""
        limited = {name: direction.within(self.limit) for name, direction in self.directions.items()}
        return {name: direction for name, direction in limited.items() if direction}


@dataclass(frozen=True, slots=True)
class Action:
    """What is to be done about one pair, and why."""

    pair: Pair
    step: Step
    verdict: Verdict
    reason: str
    merged: Merged = UNTOUCHED
    parks: bool = False

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What both sides had changed to different values."""
        return self.merged.conflicts

    def line(self) -> str:
        """Return what a dry run says about it."""
        reason = f"{self.reason}; {self.pair.note}" if self.pair.note else self.reason
        parts = [f"{self.step.value}: {self.pair.kind.value} {self.pair.title!r} ({reason})"]
        made = {Step.CREATE_IN_CRM: self.merged.to_crm, Step.CREATE_IN_EXCHANGE: self.merged.to_exchange}
        for name, fields in (("CRM", self.merged.to_crm), ("Exchange", self.merged.to_exchange)):
            if fields and made.get(self.step) is not fields:
                parts.append(f"{name} gets " + ", ".join(_said(k, v) for k, v in sorted(fields.items())))
        parts += [
            f"conflict in {conflict.name}: CRM {conflict.crm!r}, Exchange {conflict.exchange!r},"
            f" {conflict.winner.value} stays"
            for conflict in self.conflicts
        ]
        return "; ".join(parts)


_ORGANIZER = "organizer"
_STEP = attrgetter("step")
_FOLLOWS = "occurrences have not followed their series, whose people were changed"
_REASONS = {verdict: verdict.value for verdict in Verdict}
"""What is said where the verdict is all that there is to say; asking an ``Enum`` for its value is slow."""


def _said(name: str, value: Value) -> str:
    """Return what a dry run says of a field; of a file by what it is called."""
    if not name.startswith(attachments.PREFIX):
        return f"{name} = {value!r}"
    called = attachments.file_of(name).name
    return f"the file {called!r}" if value == attachments.THERE else f"no file {called!r} any more"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pass would do, in the order in which it would do it."""

    actions: tuple[Action, ...]
    linked: Mapping[Kind, int] = field(default_factory=dict)

    @property
    def counts(self) -> Counter[Step]:
        """How often each step occurs."""
        return Counter(map(_STEP, self.actions))

    @property
    def told(self) -> list[Action]:
        """The actions that do something, or of which a person is to know why they do nothing."""
        return [each for each in self.actions if each.step is not Step.NOTHING or each.pair.note]

    def lines(self) -> list[str]:
        """Return what a dry run prints: the counts, then each action that does something."""
        counts = [f"{step.value}: {count}" for step, count in self.counts.items() if step is not Step.NOTHING]
        return [
            ", ".join(counts) or "nothing to do",
            *(action.line() for action in self.told),
        ]


def make_plan(
    pairs: Iterable[Pair], rules: Mapping[Kind, KindRules], linked: Mapping[Kind, int] | None = None
) -> Plan:
    """Decide on every pair."""
    directions = {kind: each.effective for kind, each in rules.items()}
    actions = [decide(pair, rules[pair.kind], directions[pair.kind]) for pair in pairs]
    return Plan(tuple(actions), linked or {})


def decide(pair: Pair, rules: KindRules, effective: Mapping[str, Direction] | None = None) -> Action:
    """Return what is to be done about one pair; ``effective`` are the fields that count, where they are known."""
    if PREFIX in rules.directions:
        return _decide_on_series(pair, rules)
    if attachments.PREFIX in rules.directions:
        pictures = (pair.crm, pair.exchange, *((pair.base.crm, pair.base.exchange) if pair.base else ()))
        rules, effective = replace(rules, directions=attachments.expand(rules.directions, *pictures)), None
    return _decide(pair, rules, effective)


def _decide_on_series(pair: Pair, rules: KindRules) -> Action:
    """Look at each occurrence for itself, and at texts of it that do not go both ways apart from it."""
    names = apart(rules.directions)
    base = pair.base
    if base is not None:
        base = Common(split(base.crm, names) or {}, split(base.exchange, names) or {})
    one = replace(pair, base=base, crm=split(pair.crm, names), exchange=split(pair.exchange, names))
    pictures = (one.crm, one.exchange, *((base.crm, base.exchange) if base else ()))
    directions = expand(rules.directions, *pictures)
    for each in pictures:
        directions |= directions_of(each, rules.directions)
    action = _decide(one, replace(rules, directions=directions), None)
    return replace(action, pair=pair)


def _decide(pair: Pair, rules: KindRules, effective: Mapping[str, Direction] | None) -> Action:
    synchronized = rules.effective if effective is None else effective
    directions = pair.facts.within(synchronized)
    verdict = judge(pair.base, pair.crm, pair.exchange, directions)
    if not synchronized:
        return Action(pair, Step.NOTHING, verdict, "nothing of this kind is synchronized")
    if pair.base is None:
        return _begin(pair, verdict, rules, directions)
    action = Action(pair, Step.NOTHING, verdict, _REASONS[verdict])
    if pair.crm is not None and pair.exchange is not None:
        return _keep(action, rules, directions)
    if pair.exchange_sight in _THERE:
        return _away(action)
    return _lost(action, rules)


def _begin(pair: Pair, verdict: Verdict, rules: KindRules, directions: Mapping[str, Direction]) -> Action:
    """A pair that was never compared: it begins to take part, or not."""
    if verdict is Verdict.MET:
        merged = _merge(pair, directions)
        return Action(pair, _step_for(merged, Step.LINK), verdict, _REASONS[verdict], merged)
    if verdict is Verdict.CRM_NEW:
        return _begin_in_exchange(pair, rules, directions)
    if verdict is Verdict.EXCHANGE_NEW:
        return _begin_in_crm(pair, rules, directions)
    return Action(pair, Step.NOTHING, verdict, _REASONS[verdict])


def _begin_in_exchange(pair: Pair, rules: KindRules, directions: Mapping[str, Direction]) -> Action:
    verdict = Verdict.CRM_NEW
    if pair.told is not None:
        return _fill(Action(pair, Step.NOTHING, verdict, _REASONS[verdict]), rules, directions)
    if not pair.in_filters:
        return Action(pair, Step.NOTHING, verdict, "it is outside the user's filters")
    if not pair.facts.may_be_made:
        return Action(pair, Step.NOTHING, verdict, "it is not made in this mailbox")
    if not rules.limit.goes_to(Side.EXCHANGE):
        return Action(pair, Step.NOTHING, verdict, "this kind is not written to Exchange")
    chosen = _going_to(Side.EXCHANGE, pair.crm or {}, directions)
    return Action(pair, Step.CREATE_IN_EXCHANGE, verdict, _REASONS[verdict], Merged({}, chosen))


def _begin_in_crm(pair: Pair, rules: KindRules, directions: Mapping[str, Direction]) -> Action:
    verdict = Verdict.EXCHANGE_NEW
    if not pair.takes_part:
        return Action(pair, Step.NOTHING, verdict, "it is not tracked")
    if not pair.facts.may_be_taken_in:
        return Action(pair, Step.NOTHING, verdict, "it is not taken in from this mailbox")
    if not rules.limit.goes_to(Side.CRM):
        return Action(pair, Step.NOTHING, verdict, "this kind is not written to the CRM")
    chosen = Merged(_going_to(Side.CRM, pair.exchange or {}, directions), {})
    merged = _with_company(pair, chosen, directions)
    return Action(pair, Step.CREATE_IN_CRM, verdict, _REASONS[verdict], merged)


def _going_to(side: Side, fields: Fields, directions: Mapping[str, Direction]) -> Fields:
    way, none = TOWARDS[side], Direction.NONE
    going = {
        name: value
        for name, value in fields.items()
        if value is not None and directions.get(name, none) & way
    }
    # What goes as a whole stays the very same, so that it is put into words once.
    return joined(fields if len(going) == len(fields) else going, None)


def _merge(pair: Pair, directions: Mapping[str, Direction]) -> Merged:
    exchange = pair.exchange or {}
    merged = merge(pair.base, pair.crm or {}, exchange, directions=directions, winner=pair.preferred)
    before = {} if pair.base is None else pair.base.exchange
    said = merged.to_crm
    is_anew = pair.base is not None and has_other_days(before, exchange)
    if directions.get(RESPONSES, Direction.NONE):
        if resets_occurrences(merged.to_exchange):
            said = {**said, **whole_alone(exchange)}
        elif is_anew and RESPONSES in exchange:
            said = {**said, RESPONSES: exchange[RESPONSES]}
    merged = replace(
        merged,
        to_crm=joined(newly_heard(said, before, is_anew=is_anew), pair.crm),
        to_exchange=carried_along(joined(merged.to_exchange, exchange), joined(exchange, None)),
    )
    if pair.behind:
        followed = with_followers(merged.to_exchange, joined(exchange, None), pair.behind)
        merged = replace(merged, to_exchange=followed)
    return _with_organizer(pair, _with_company(pair, merged, directions), directions)


def _with_organizer(pair: Pair, merged: Merged, directions: Mapping[str, Direction]) -> Merged:
    """Put the organizer of the record back where somebody has changed it: a meeting in Exchange cannot change hands."""
    ours, theirs = (pair.crm or {}).get(_ORGANIZER), (pair.exchange or {}).get(_ORGANIZER)
    if ours == theirs or theirs is None or not directions.get(_ORGANIZER, Direction.NONE) & Direction.TO_CRM:
        return merged
    was_changed = pair.base is not None and ours != pair.base.crm.get(_ORGANIZER)
    if not was_changed and _ORGANIZER not in pair.facts.own:
        return merged
    others = tuple(each for each in merged.conflicts if each.name != _ORGANIZER)
    return replace(
        merged,
        to_crm={**merged.to_crm, _ORGANIZER: theirs},
        to_exchange={name: value for name, value in merged.to_exchange.items() if name != _ORGANIZER},
        conflicts=(*others, Conflict(_ORGANIZER, ours, theirs, Side.EXCHANGE)),
    )


def _with_company(pair: Pair, merged: Merged, directions: Mapping[str, Direction]) -> Merged:
    if pair.kind is not Kind.CONTACT or (pair.company is None and REGARDING not in merged.to_crm):
        return merged
    return with_company(
        merged, pair.company, crm=pair.crm or {}, exchange=pair.exchange or {}, directions=directions
    )


def _step_for(merged: Merged, nothing: Step) -> Step:
    if merged.to_crm and merged.to_exchange:
        return Step.UPDATE_BOTH
    if merged.to_crm:
        return Step.UPDATE_CRM
    return Step.UPDATE_EXCHANGE if merged.to_exchange else nothing


def _keep(action: Action, rules: KindRules, directions: Mapping[str, Direction]) -> Action:
    """Both are there: what has changed is carried over, then a record that has left the filters rests."""
    pair = action.pair
    leaves = not pair.in_filters
    if pair.is_parked and leaves:
        return replace(action, reason="it is outside the user's filters and rests")
    if pair.facts.is_withdrawn and pair.facts.may_be_deleted and rules.limit.goes_to(Side.EXCHANGE):
        return replace(action, step=Step.DELETE_IN_EXCHANGE, reason="it was cancelled in the CRM")
    if leaves and rules.leaving is Leaving.DELETE and pair.facts.may_be_deleted:
        if action.verdict in (Verdict.IN_STEP, Verdict.CRM_EDITED):
            return replace(action, step=Step.DELETE_IN_EXCHANGE, reason="it has left the user's filters")
        leaves = False  # an edit in Exchange comes first; what has left then goes at the next pass
    merged = _merge(pair, directions)
    reason = _FOLLOWS if pair.behind and merged.to_exchange else action.reason
    return replace(action, step=_step_for(merged, Step.NOTHING), reason=reason, merged=merged, parks=leaves)


def _away(action: Action) -> Action:
    """The item is there and takes no part: it rests until it does again, or its record is deleted."""
    pair = action.pair
    rests, ends = _THERE[pair.exchange_sight]
    if pair.crm is not None:
        return replace(action, reason=rests)
    if pair.crm_sight is not Sight.GONE:
        return replace(action, step=Step.LOOK_AGAIN, reason="it was missed once; a second look decides")
    return replace(action, step=Step.UNLINK, reason=ends)


def _lost(action: Action, rules: KindRules) -> Action:
    """One of the two, or both, are no longer there."""
    pair = action.pair
    for record, sight in ((pair.crm, pair.crm_sight), (pair.exchange, pair.exchange_sight)):
        if record is None and sight is not Sight.GONE:
            return replace(action, step=Step.LOOK_AGAIN, reason="it was missed once; a second look decides")
    match action.verdict:
        case Verdict.BOTH_GONE:
            return replace(action, step=Step.FORGET)
        case Verdict.CRM_GONE | Verdict.CRM_GONE_EXCHANGE_EDITED:
            return _deleted(action, rules, Side.CRM, rules.crm_deletion)
        case _ if pair.told is not None:
            return _fill(action, rules, pair.facts.within(rules.effective))
        case _:
            return _deleted(action, rules, Side.EXCHANGE, rules.exchange_deletion)


def _fill(action: Action, rules: KindRules, directions: Mapping[str, Direction]) -> Action:
    """The item is lost with its mailbox, and a person wants it made again; what cannot be made is forgotten.

    So it takes part again as soon as it comes back by itself, or may be made.
    """
    pair = action.pair
    if not pair.in_filters:
        return replace(
            action, step=Step.FORGET, reason="it is outside the user's filters, and not made again"
        )
    if pair.facts.is_withdrawn:
        return replace(action, step=Step.FORGET, reason="it was cancelled in the CRM, and is not made again")
    if not rules.limit.goes_to(Side.EXCHANGE):
        return replace(action, step=Step.FORGET, reason="this kind is not written to Exchange")
    if not pair.facts.limit.goes_to(Side.EXCHANGE):
        return replace(action, step=Step.FORGET, reason="only an invitation makes it in this mailbox")
    chosen = _going_to(Side.EXCHANGE, pair.crm or {}, directions)
    reason = "a person wants the mailbox filled again"
    return replace(action, step=Step.CREATE_IN_EXCHANGE, reason=reason, merged=Merged({}, chosen))


def _copy_deleted(action: Action, rules: KindRules) -> Action:
    """A copy was deleted by its user, who does without it until the record changes."""
    pair = action.pair
    was_edited = action.verdict is Verdict.EXCHANGE_GONE_CRM_EDITED
    if not (was_edited and pair.in_filters and pair.facts.may_be_made):
        return replace(
            action, step=Step.FORGET, reason="deleted in Exchange; the record keeps its other copies"
        )
    chosen = _going_to(Side.EXCHANGE, pair.crm or {}, pair.facts.within(rules.effective))
    return replace(action, step=Step.CREATE_IN_EXCHANGE, merged=Merged({}, chosen))


def _deleted(action: Action, rules: KindRules, side: Side, rule: Deletion) -> Action:
    """It was deleted on one side: follow, keep and part, or make it again because it was edited meanwhile."""
    pair, survivor = action.pair, side.other
    if pair.facts.is_copy and side is Side.EXCHANGE:
        return _copy_deleted(action, rules)
    forbidden = (
        rule is Deletion.NEVER
        or (rule is Deletion.UNLESS_COMPLETED and pair.facts.is_completed)
        or not pair.facts.may_be_deleted
        or not rules.limit.goes_to(survivor)
        or pair.is_parked
    )
    if forbidden:
        return replace(action, step=Step.UNLINK, reason=f"{action.verdict.value}; the other one stays")
    was_edited = action.verdict in (
        Verdict.CRM_GONE_EXCHANGE_EDITED,
        Verdict.EXCHANGE_GONE_CRM_EDITED,
    )
    if not was_edited:
        step = Step.DELETE_IN_EXCHANGE if survivor is Side.EXCHANGE else Step.DELETE_IN_CRM
        return replace(action, step=step)
    if not rules.limit.goes_to(side):
        return replace(action, step=Step.UNLINK, reason=f"{action.verdict.value}; the other one stays")
    fields = (pair.crm if survivor is Side.CRM else pair.exchange) or {}
    chosen = _going_to(side, fields, pair.facts.within(rules.effective))
    if side is Side.CRM:
        return replace(action, step=Step.CREATE_IN_CRM, merged=Merged(chosen, {}))
    return replace(action, step=Step.CREATE_IN_EXCHANGE, merged=Merged({}, chosen))
