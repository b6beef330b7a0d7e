"""What each column of the tables means: one table for the documentation, and for SQL itself."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, the unit of its values (empty where they have none), and its meaning."""

    name: str
    unit: str
    meaning: str


def _each(names: str, unit: str, meaning: str) -> tuple[Column, ...]:
    """Describe several columns alike; `{}` stands for the head of each name, up to its `_`."""
    return tuple(
        Column(name, unit, meaning.format(name.partition("_")[0])) for name in names.split()
    )


RECORDINGS = (
    Column("id", "", "derived from `root` and `path`: the same for every writer"),
    Column("root", "", "the folder that was indexed, absolute"),
    Column("path", "", "the file, relative to `root`"),
    Column("content_hash", "", "of the file's bytes; equal content is embedded once"),
    Column("speaker", "", "who speaks; null when unknown"),
    Column("language", "", "primary subtag in lower case, `und` when unknown; a partition key"),
    Column("noise", "", "`communication`, `background`, `clean` or `unknown`; a partition key"),
    Column("gender", "", "`m` or `f`; null when unknown"),
    Column("age", "", "as the manifest gives it; null when unknown"),
    *_each(
        "speaker_source language_source noise_source gender_source",
        "",
        "where `{}` came from: `manifest`, `folder`, `tagger` or `none`",
    ),
    *_each(
        "language_probability noise_probability gender_probability",
        "0 to 1",
        "how sure the tagger was of `{}`; null where no tagger set it",
    ),
    Column("size_bytes", "bytes", "size of the file"),
    Column("modified_at", "UTC", "when the file was changed"),
    Column("duration_s", "s", "length of the recording"),
    Column("speech_s", "s", "the part of it that is speech"),
    Column("sample_rate_hz", "Hz", "of the file; spkret works at 16 kHz"),
    Column("snr_db", "dB", "speech above the quietest tenth; NaN where it cannot be measured"),
    Column("bandwidth_hz", "Hz", "where the sound ends, about 3,400 on a telephone; NaN likewise"),
    Column("f0_hz", "Hz", "median pitch of the voice; NaN likewise"),
    Column("spectrum_mean", "dB", "40 mel bands: mean over the speech, less their average"),
    Column("spectrum_std", "dB", "40 mel bands: standard deviation over the speech"),
    Column("embedding", "", "the voice, of length 1; as many values as the encoder has"),
    Column("embedding_norm", "", "the length the encoder gave the embedding"),
    Column("extra", "", "the manifest's other columns, as JSON: `extra->>'town'`"),
    Column("indexed_at", "UTC", "when the row was written"),
)

SCORES = (
    Column("query_id", "", "one for each anchor and group that was scored"),
    Column("trial_id", "", "of the trial; null where it was none"),
    Column("created_at", "UTC", "when it was scored"),
    Column("command", "", "`query`, `verify` or `evaluate`"),
    *_each("anchor_id candidate_id", "", "`recordings.id` of the {}; null for a file not stored"),
    *_each("anchor_path candidate_path", "", "the {}, as stored or as it was given"),
    Column("anchor_language", "", "language of the anchor"),
    Column("anchor_noise", "", "noise condition of the anchor"),
    Column("candidate_language", "", "language of the candidate"),
    Column("candidate_noise", "", "noise condition of the candidate"),
    Column("cosine", "-1 to 1", "of both embeddings"),
    Column("centred", "-1 to 1", "cosine after the mean of each side's condition is removed"),
    Column("asnorm", "sd", "centred cosine above those of other speakers; null if there are few"),
    Column("score", "", "what ranked: the reranker's log odds, or else AS-norm or the cosine"),
    Column("rank", "", "among the group, by `score`; 1 is the match that was named"),
    Column(
        "probability",
        "0 to 1",
        "that this one is the match, if one of the group is; of `verify`, that it is one speaker",
    ),
    Column("none_probability", "0 to 1", "that none of the group is; the same in all its rows"),
    Column("is_match", "", "what the labels say; null where they say nothing"),
    Column("encoder", "", "fingerprint of the encoder"),
    Column("reranker", "", "fingerprint of the reranker; null where there was none"),
    Column("features", "", "what the reranker saw, by name: `features['reverse_lead']`"),
)

TRIALS = (
    Column("trial_id", "", "as the list of trials names it"),
    Column("anchor", "", "as the list gives it"),
    Column("group", "", 'the candidates, as the list gives them; write it `"group"`'),
    Column("match", "", "the right one; null where there is none or nobody knows"),
    Column("anchor_id", "", "`recordings.id` of the anchor; null for a file not stored"),
    Column("match_id", "", "the same of the match"),
    Column("group_ids", "", "the same of the candidates, in the order of `group`"),
    Column("created_at", "UTC", "when it was evaluated"),
    Column("query_id", "", "of its rows in `scores`"),
)

FAILURES = (
    Column("root", "", "the folder that was indexed"),
    Column("path", "", "the file, or what the manifest calls it"),
    Column("reason", "", "one word: `missing`, `silent`, `corrupt`, …"),
    Column("detail", "", "what was found"),
    Column("at", "UTC", 'when it was tried; write it `"at"`'),
)

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "recordings": RECORDINGS,
    "scores": SCORES,
    "trials": TRIALS,
    "failures": FAILURES,
}
"""The columns of each table, in its order."""

TABLES: Mapping[str, str] = {
    "recordings": "one row a recording",
    "scores": "one row a candidate that was scored, unless `--no-log` was given",
    "trials": "one row a trial that was evaluated",
    "failures": "one row a file or manifest row that could not be indexed, each time it was tried",
}
"""What a row of each table is."""
