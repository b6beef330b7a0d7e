"""What SQL over a store knows besides its tables: functions, and what each column means."""

from collections.abc import Iterator

from .columns import COLUMNS, TABLES, Column
from .reading import quote

_ROWS = "memory.main.recordings"

COSINE = "CREATE MACRO cosine(a, b) AS list_cosine_similarity(a, b)"
"""The cosine of two embeddings; NULL where one is."""

_BY_ID = f"""
(SELECT embedding_ FROM (SELECT id AS id_, embedding AS embedding_ FROM {_ROWS})
 WHERE id_ = CASE
    WHEN regexp_full_match(reference::VARCHAR, '[0-9]{{1,19}}') THEN try_cast(reference AS BIGINT)
 END)
"""  # noqa: S608 - no value of a user's

_BY_PATH = f"""
(SELECT CASE
    WHEN count(*) < 2 THEN any_value(embedding_)
    ELSE error(format('{{}} is stored for {{}}; give an id: {{}}', reference,
        string_agg(root_, ' and ' ORDER BY root_), string_agg(id_::VARCHAR, ', ' ORDER BY root_)))
 END
 FROM (
    SELECT id AS id_, root AS root_, path AS path_, embedding AS embedding_ FROM {_ROWS}
 )
 WHERE path_ = reference::VARCHAR)
"""  # noqa: S608 - no value of a user's

EMBEDDING_OF = f"""
CREATE MACRO embedding_of(reference) AS CASE WHEN reference IS NOT NULL THEN coalesce(
    {_BY_ID},
    {_BY_PATH},
    error(format('expected a stored path or an id, got {{}}: no recording has it', reference))
) END
"""
"""The embedding of a stored path or an id.

An argument stands inside the inner queries as it was written, so the columns there have names of
their own: `path` in `embedding_of(path)` is the asking query's.
"""


def statements() -> Iterator[str]:
    """Write the SQL that makes the functions, and that notes beside each column what it means."""
    yield COSINE
    yield EMBEDDING_OF
    for table, meaning in TABLES.items():
        yield f"COMMENT ON VIEW {table} IS {quote(meaning)}"
        for column in COLUMNS[table]:
            yield f'COMMENT ON COLUMN {table}."{column.name}" IS {quote(_comment(column))}'


def _comment(column: Column) -> str:
    return f"{column.meaning} ({column.unit})" if column.unit else column.meaning
