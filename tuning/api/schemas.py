"""What rows look like in JSON. `url` is the address of the page."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema


class Failure(Schema):
    code: str
    caption: str
    advice: str
    message: str


class MembershipOut(Schema):
    """A team, and your role in it."""

    id: int
    name: str
    role: str


class TeamOut(MembershipOut):
    archived_at: datetime | None
    created_at: datetime
    url: str


class MemberOut(Schema):
    """`active`: whether they may sign in."""

    username: str
    name: str
    role: str
    active: bool


class QuotaOut(Schema):
    """`limit` is null where there is no quota; `used` is 0 for `max_trials`, which counts for each
    search. `max_storage` is in bytes."""

    name: str
    used: int
    limit: int | None


class TeamDetail(TeamOut):
    members: list[MemberOut]
    quotas: list[QuotaOut]


class TeamQuotasOut(Schema):
    id: int
    name: str
    quotas: list[QuotaOut]


class TeamDiskOut(Schema):
    id: int
    name: str
    used: int
    limit: int | None


class FreeableOut(Schema):
    """`cost`: what freeing it means for people."""

    name: str
    caption: str
    cost: str
    count: int
    size: int


class DiskOut(Schema):
    """Of the file system with the data folder, in bytes. Work stops when less than `floor` is
    free. `teams` begin with the largest."""

    total: int
    free: int
    floor: int
    teams: list[TeamDiskOut]
    freeable: list[FreeableOut]


class InvitationOut(Schema):
    """`project` is opened once the person has joined."""

    id: int
    role: str
    email: str
    project: int | None
    invited_by: str
    created_at: datetime
    expires_at: datetime


class InvitationWithLink(InvitationOut):
    """`link` is shown only here."""

    link: str


class QueueRow(Schema):
    """`position` counts from 1 among all that only lacks a slot, other teams' work included;
    `starts_in` is an estimate in seconds, where there is one."""

    text: str
    reason: str
    position: int | None
    starts_in: float | None
    since: datetime
    url: str


class QueueOut(Schema):
    """`hidden` counts the entries of other teams."""

    entries: list[QueueRow]
    hidden: int
    slots: int
    free_slots: int
    gpu_slots: int
    free_gpu_slots: int


class MeOut(Schema):
    """Whose token it is, and what it may do. `team`: the only one that it is for, or null."""

    username: str
    scope: str
    team: int | None
    expires_at: datetime | None
    teams: list[MembershipOut]


class SlotOut(Schema):
    number: int
    device: str
    running: str | None


class WorkerOut(Schema):
    """`requested`: what an administrator asked of it (`pause`, `drain` or nothing); `refusal`: why
    it may take no work; `clock_offset`: seconds that its clock is ahead of the database's; the
    first `gpu_slots` of its slots have a GPU."""

    id: int
    name: str
    host: str
    online: bool
    requested: str
    refusal: str
    memory: int | None
    slots: list[SlotOut]
    gpu_slots: int
    isolation_level: int | None
    clock_offset: float | None
    versions: dict[str, str]
    started_at: datetime
    seen_at: datetime


class DatasetOut(Schema):
    """`status` is `completed` once projects can use it. `awaits_choices`: what was `detected`, its
    columns or arrays, has to be reviewed first, on its page or with `prepare`. `version` counts the
    team's uploads of one name. `published_at`: in the gallery since then, for all teams. `picture`
    is the address of some of its images as one PNG."""

    id: int
    name: str
    version: int
    description: str
    team: str | None
    kind: str
    task: str
    status: str
    awaits_choices: bool
    detected: dict[str, Any]
    failure: Failure | None
    profile: dict[str, Any]
    picture: str | None
    published_at: datetime | None
    created_at: datetime
    url: str


class UploadOut(Schema):
    """`arrived`: numbers of the parts that are here, from 0."""

    id: int
    name: str
    size: int
    part_size: int
    parts: int
    arrived: list[int]


class PartOut(Schema):
    part: int
    sha256: str


class ImportOut(Schema):
    """`awaits_choice`: which of several `studies`, or else which of the `metrics` is the objective.
    `search` is the number of what it has become."""

    id: int
    project: int
    name: str
    status: str
    awaits_choice: bool
    studies: list[str]
    metrics: list[str]
    search: int | None
    failure: Failure | None
    created_at: datetime
    url: str


class TemplateOut(Schema):
    id: int
    name: str
    description: str
    team: str | None
    key: str
    version: int
    kinds: list[str]
    gpu: str
    published_at: datetime | None
    created_at: datetime
    url: str


class TemplateWithCode(TemplateOut):
    code: str


class ProjectOut(Schema):
    id: int
    name: str
    description: str
    team: str
    dataset: int
    template: int
    created_at: datetime
    archived_at: datetime | None
    url: str


class MoveOut(Schema):
    """`consequences`: a sentence each for dataset and template, unless they are built in."""

    teams: list[TeamOut]
    consequences: list[str]


class ProjectDetail(ProjectOut):
    """`status` tells of the validation of the template on the dataset; searches can start once it
    is `completed`. `space` has the hyperparameters as KerasTuner writes them. `task` is what is
    predicted: the dataset's, or `reconstruction`."""

    status: str
    task: str
    failure: Failure | None
    space: list[dict[str, Any]]
    metrics: list[str]


class MovedProject(ProjectDetail):
    """`note`: what to know of the move, if there is anything."""

    note: str


class SearchOut(Schema):
    """`trials` counts trials by their status, and in `total`."""

    project: int
    number: int
    name: str
    description: str
    status: str
    end_reason: str
    failure_message: str
    origin: str
    strategy: str
    objective: str
    direction: str
    max_trials: int
    trials: dict[str, int]
    created_at: datetime
    finished_at: datetime | None
    url: str


class SearchDetail(SearchOut):
    """`best` is the number of the best trial; of several objectives there is none, and `front` has
    the numbers of the trials on the Pareto front. `settings` are those with which it was started,
    and `space` what it searches."""

    best: int | None
    best_score: float | None
    objectives: list[dict[str, Any]]
    constraints: list[dict[str, Any]]
    front: list[int] | None
    settings: dict[str, Any]
    space: list[dict[str, Any]]
    tags: list[str]


class TrialOut(Schema):
    """`metrics` are those at the best epoch, `last_metrics` those after the last one. `pinned`:
    whether a pruned trial's weights are kept. `gpu_memory`: the most bytes that its processes had
    on its `gpu`, which computed in a share `gpu_use` of the time. `columns`: the columns of the
    table that the request asked for."""

    project: int
    search: int
    number: int
    status: str
    is_baseline: bool
    pinned: bool
    score: float | None
    values: dict[str, Any]
    metrics: dict[str, float | None]
    last_metrics: dict[str, float | None]
    not_finite: list[str]
    epochs: int
    seconds: float | None
    parameters: int | None
    memory: int | None
    gpu: str | None
    gpu_memory: int | None
    gpu_use: float | None
    worker: str | None
    failure: Failure | None
    started_at: datetime | None
    finished_at: datetime | None
    tags: list[str]
    stars: int
    starred: bool
    comments: int
    columns: dict[str, Any] | None = None
    url: str


class EpochOut(Schema):
    execution: int
    epoch: int
    seconds: float
    metrics: dict[str, float | None]


class SavedModelOut(Schema):
    """`download` and `bundle` are the addresses of the model's file and of the archive with its
    description, once `status` is `completed`. `version` counts the project's models of one name,
    `versions` are those of libraries."""

    project: int
    number: int
    name: str
    version: int
    description: str
    stage: str
    search: int
    trial: int
    status: str
    failure: Failure | None
    epochs: int
    test_metrics: dict[str, float | None]
    parameters: int | None
    size: int | None
    sha256: str
    versions: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None
    download: str | None
    bundle: str | None
    url: str


class PredictedOut(Schema):
    """One target, for the first 20 rows. `values`: numbers, names of classes, or whether a row has
    the label. `scores`: of each row those of the classes by their names; `probabilities`: whether
    they add up to 1."""

    name: str
    task: str
    values: list[Any]
    scores: list[dict[str, float | None]]
    probabilities: bool


class ReconstructedColumn(Schema):
    name: str
    given: str
    reconstructed: str


class ReconstructionOut(Schema):
    """Of the first row, as an autoencoder reproduces it: the `columns` of a table, or the address
    of its `picture`."""

    columns: list[ReconstructedColumn]
    picture: str | None


class PredictionOut(Schema):
    """`source`: `form` (rows that were sent), `table`, `picture` or `array`. `rows`: how many were
    predicted; `file` is the address of all of them as CSV. `picture`: the address of the first row
    of images, as the model gets it."""

    id: int
    project: int
    model: int
    source: str
    status: str
    failure: Failure | None
    rows: int | None
    outputs: list[PredictedOut]
    reconstruction: ReconstructionOut | None
    picture: str | None
    notes: list[str]
    file: str | None
    created_at: datetime
    finished_at: datetime | None
    url: str


class ScoreOut(Schema):
    """`low` and `high` are the ends of the 95% interval, where there is one."""

    name: str
    value: float | None
    low: float | None
    high: float | None


class EvaluationOut(Schema):
    """`status` is null for a model that was never evaluated, `problem` says why there is nothing.
    `scores` are those that Keras or scikit-learn computed on the test rows. `outputs` have for each
    target its scores, classes, confusion matrix, curves and calibration, and `importances` how much
    worse a score becomes if a column is shuffled, as far as they apply."""

    status: str | None
    failure: Failure | None
    problem: str
    rows: int
    scores: list[ScoreOut]
    outputs: list[dict[str, Any]]
    importances: dict[str, Any] | None
    url: str


class TestRowOut(Schema):
    """`row` counts the dataset's rows from 0. `actual` and `predicted`: a number, the name of a
    class, the names of labels, or whether the row has the label; null of an autoencoder. `judged`
    is a probability, a score, an error or a number of wrong labels, as `measure` says. `cells` are
    values of a table by the names of its columns, and `reconstruction` what an autoencoder makes of
    them; `picture` and `reconstructed_picture` are addresses."""

    row: int
    actual: float | str | list[str] | bool | None
    predicted: float | str | list[str] | bool | None
    judged: float | None
    cells: dict[str, str]
    reconstruction: dict[str, str] | None
    picture: str | None
    reconstructed_picture: str | None


class TestRowsOut(Schema):
    """`title` says which rows they are, `total` how many there are, `measure` what `judged` is."""

    items: list[TestRowOut]
    next: str | None
    total: int
    title: str
    measure: str


class ComparedScoreOut(Schema):
    """Of each model in the order of `models`; null where it has no such score."""

    name: str
    values: list[ScoreOut | None]


class VerdictOut(Schema):
    """A further model against the first. `is_noise`: whether the difference may be chance; null
    where nothing can be said."""

    model: int
    text: str
    is_noise: bool | None


class ModelComparisonOut(Schema):
    """On the same test rows. `models` are numbers, that of the address first."""

    models: list[int]
    scores: list[ComparedScoreOut]
    verdicts: list[VerdictOut]


class ConfirmedOut(Schema):
    """`trial` is the one that was confirmed, null if it was deleted, `again` its trial in the
    confirmation; `verdict` compares it with the best one, and `p` is how likely such a difference
    is by chance."""

    trial: int | None
    again: int
    mean: float | None
    deviation: float | None
    runs: int
    verdict: str
    p: float | None


class ConfirmationOut(Schema):
    """`search` is the number of the confirming search. `rows` begin with the best mean; `left`
    trials have not completed, and until then nothing is `suggested`: after that it is a trial of
    the search that was confirmed."""

    search: int
    status: str
    left: int
    rows: list[ConfirmedOut]
    suggested: int | None
    sentence: str
    url: str


class SampledModelOut(Schema):
    """`seconds` of an epoch, or of a fit; `memory` of weights and optimizer, in bytes. `failure`:
    why it could not be built."""

    parameters: int | None
    memory: float | None
    seconds: float | None
    failure: str


class LimitOut(Schema):
    """A constraint that excludes the largest or slowest of the sampled models."""

    name: str
    value: float
    excluded: int


class DryRunOut(Schema):
    """`expected`: how long the search would take, in words; `limits`: constraints to consider."""

    id: int
    project: int | None
    template: int
    dataset: int
    status: str
    failure: Failure | None
    models: list[SampledModelOut]
    expected: str
    limits: list[LimitOut]
    created_at: datetime
    finished_at: datetime | None


class NotificationOut(Schema):
    """`type` is as in docs/webhooks.md; `text` is a sentence for people."""

    id: int
    type: str
    text: str
    project: int | None
    created_at: datetime
    read_at: datetime | None
    url: str


class NotificationSettings(Schema):
    """By the type of event and the channel: `off`, `own` (of what is yours) or `all`."""

    settings: dict[str, dict[str, str]]


class WebhookOut(Schema):
    """Without a `project` it is told of all projects of the team. `kinds` are types of events."""

    id: int
    team: int
    project: int | None
    url: str
    format: str
    kinds: list[str]
    enabled: bool
    failing_since: datetime | None
    disabled_reason: str
    created_at: datetime


class WebhookWithSecret(WebhookOut):
    """`secret` is shown only here."""

    secret: str


class DeliveryOut(Schema):
    """`response_status` is null if no answer came; then `error` says why."""

    id: UUID
    type: str
    text: str
    status: str
    tries: int
    response_status: int | None
    error: str
    created_at: datetime
    next_try_at: datetime


class TagsOut(Schema):
    tags: list[str]


class CommentOut(Schema):
    id: int
    author: str | None
    text: str
    created_at: datetime
    edited_at: datetime | None
    url: str


class AuditEntryOut(Schema):
    """`text` is the sentence of the page, after the person. `address` and `browser` are for
    administrators of the site."""

    id: int
    time: datetime
    person: str
    kind: str
    text: str
    team: str
    team_id: int | None
    project: str
    project_id: int | None
    subject: str
    subject_kind: str
    details: dict[str, Any]
    via: str
    token: str
    address: str | None = None
    browser: str | None = None
