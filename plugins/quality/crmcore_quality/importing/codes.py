"""What imports refuse and warn of, with stable codes: of the file, of a mapping, of rows and of cells."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode

FILE: Final = (
    ErrorCode(
        "QUALITY_IMPORT_FILE_MISSING", "{name} cannot be read: {reason}", "{name} non si può leggere: {reason}", "Check path and rights."
    ),
    ErrorCode("QUALITY_IMPORT_EMPTY", "{name} has no rows", "{name} non ha righe", "A list has one line of headings, and rows below it."),
    ErrorCode(
        "QUALITY_IMPORT_ONE_COLUMN",
        "{name} has one column, {column!r}: perhaps its cells are separated by something else",
        "{name} ha una sola colonna, {column!r}: forse le celle sono separate da altro",
        "Give the delimiter, or export the list again.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_TOO_MANY_COLUMNS",
        "{name} has {count} columns; at most {most} are taken",
        "{name} ha {count} colonne; al massimo se ne accettano {most}",
        "Delete the columns that nobody needs.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_CELL_TOO_LONG",
        "{name}, line {line}: a cell has more than {most} characters",
        "{name}, riga {line}: una cella ha più di {most} caratteri",
        "A quotation mark that is never closed makes one cell of all that follows.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_HEADER_REPEATED",
        "{name}: two columns are called {column!r} ({first} and {second})",
        "{name}: due colonne si chiamano {column!r} ({first} e {second})",
        "Give each column a heading of its own.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_NUL",
        "{name} has NUL characters at byte {place}: it is no text, or damaged",
        "{name} contiene caratteri NUL al byte {place}: non è testo, o è danneggiato",
        "Export the list again, as CSV in UTF-8.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_ENCODING",
        "{name} is not in the encoding {encoding}: byte {place}",
        "{name} non è nella codifica {encoding}: byte {place}",
        "Give the encoding, or save the list as UTF-8.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_FORMAT",
        "{name} is not a list that can be read: {found}",
        "{name} non è un elenco leggibile: {found}",
        "Lists are CSV, TSV, XLSX, XLS, XLSB, ODS, MDB, ACCDB or JSON lines.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_EXTENSION",
        "{name} is called {extension} and is {found}",
        "{name} ha estensione {extension} ed è {found}",
        "Rename the file, or say the format.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_ENCRYPTED",
        "{name} is protected by a password",
        "{name} è protetto da password",
        "Save the workbook without a password.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_DAMAGED", "{name} is damaged: {reason}", "{name} è danneggiato: {reason}", "Get the file again, or save it anew."
    ),
    ErrorCode(
        "QUALITY_IMPORT_BOMB",
        "{name} unpacks to {size} MB, which no list does; nothing was read",
        "{name} si espande a {size} MB, e nessun elenco lo fa; non è stato letto nulla",
        "Do not open the file. A real list of this size has to be cut, or exported as CSV.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_MERGED_CELLS",
        "{name}: merged cells in row {line}, column {column}",
        "{name}: celle unite alla riga {line}, colonna {column}",
        "Undo the merging in the spreadsheet: only one of the cells has the value.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_SHEET",
        "{name} has no sheet or table {sheet!r}; it has {known}",
        "{name} non ha {sheet!r}; ha {known}",
        "Choose one of them.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_CHOOSE_TABLE",
        "{name} has several tables; choose one: {known}",
        "{name} ha più tabelle; sceglierne una: {known}",
        "Give its name as the sheet.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_MDBTOOLS",
        "Access databases are read by mdbtools, which is not installed here",
        "i file Access si leggono con mdbtools, che qui non è installato",
        "Debian: `apt install mdbtools`. Or export the table as CSV.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_READER",
        "workbooks are read by python-calamine, which is not installed here",
        "i fogli di calcolo si leggono con python-calamine, che qui non è installato",
        "Install the extra: `pip install crmcore[quality]`.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_WRITER",
        "workbooks are written by XlsxWriter, which is not installed here",
        "i fogli di calcolo si scrivono con XlsxWriter, che qui non è installato",
        "Install the extra: `pip install crmcore[quality]`. Or ask for CSV.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_ROW_UNREADABLE",
        "{name}, line {line}: {reason}",
        "{name}, riga {line}: {reason}",
        "Each line of JSON lines is one object of plain values.",
    ),
)

MAPPING: Final = (
    ErrorCode(
        "QUALITY_IMPORT_MAPPING",
        "the mapping {mapping!r} does not fit: {reason}",
        "la struttura {mapping!r} non va bene: {reason}",
        "`crm quality detect FILE` proposes one.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_COLUMN_MISSING",
        "{name} has no column {column!r}, which the mapping {mapping!r} wants; it has {known}",
        "{name} non ha la colonna {column!r}, che la struttura {mapping!r} richiede; ha {known}",
        "Take the mapping for this list, or change it.",
    ),
    ErrorCode("QUALITY_IMPORT_FORBIDDEN", "{login} may not import lists", "{login} non può importare elenchi", "Grant `quality.import`."),
    ErrorCode(
        "QUALITY_IMPORT_STATE",
        "import {id} is {state}; this needs {expected}",
        "l'importazione {id} è {state}; serve {expected}",
        "See `import list`.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_FILE_CHANGED",
        "{name} is not the file that import {id} began with",
        "{name} non è il file con cui è iniziata l'importazione {id}",
        "Give the same file, or start a new import.",
    ),
)

ROW: Final = (
    ErrorCode(
        "QUALITY_IMPORT_ROW_KEYLESS",
        "the row has none of the keys: {keys}",
        "la riga non ha nessuna delle chiavi: {keys}",
        "Without a key nobody could tell whether it is already there.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_ROW_REPEATED",
        "line {line} repeats line {first}",
        "la riga {line} ripete la riga {first}",
        "The first one counts; nothing is done with this one.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_MATCH_AMBIGUOUS",
        "several accounts have the keys of this row: {ids}",
        "più anagrafiche hanno le chiavi di questa riga: {ids}",
        "Decide which one it is, or that it is new.",
    ),
    ErrorCode("QUALITY_IMPORT_MATCH", "already there: {ids}", "già presente: {ids}", "Decide: update it, make a new one, or skip the row."),
    ErrorCode(
        "QUALITY_IMPORT_CELL",
        "{column}: {value!r} was left out, expected {expected}",
        "{column}: {value!r} è stato tralasciato, atteso {expected}",
        "The rest of the row is kept.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_CELL_SCIENTIFIC",
        "{column}: {value!r} has lost its digits in a spreadsheet",
        "{column}: {value!r} ha perso le sue cifre in un foglio di calcolo",
        "Format the column as text, and export the list again.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_KEPT",
        "{field} was changed since the import, and stays {now!r}",
        "{field} è stato modificato dopo l'importazione, e resta {now!r}",
        "Undo again with `--conflicts restore` to put the old value back.",
    ),
    ErrorCode(
        "QUALITY_IMPORT_USED",
        "somebody has worked on account {id} since the import; it stays",
        "qualcuno ha lavorato sull'anagrafica {id} dopo l'importazione; resta",
        "Look at it, and delete it by hand if it should go.",
    ),
)

CODES: Final = (*FILE, *MAPPING, *ROW)
