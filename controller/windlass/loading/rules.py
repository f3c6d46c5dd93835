"""Every rule that a problem can name: `windlass explain rule NAME` and the reference page are made from this.

In: nothing. Out: `RULES`, name → Rule. Names and severities change only by addition (fine print, "Files"). A rule
that is missing here fails a test, and so does one that nothing reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.problems import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """`summary` is one line; `explanation` says why, and what to do."""

    name: str
    severity: Severity
    summary: str
    explanation: str


def _table(severity: Severity, rows: str) -> dict[str, Rule]:
    """Rows of `name | summary | explanation`; a line that begins with blanks continues the one before."""
    rules = {}
    for row in rows.strip().replace("\n    ", " ").splitlines():
        name, summary, explanation = (cell.strip() for cell in row.split("|"))
        rules[name] = Rule(name, severity, summary, explanation)
    return rules


_FILES = """
file-too-large | a definition has more than 1 MiB | Move data and long scripts into files of their own and read them
    with `checkout: true`.
lfs-pointer | the file is in Git LFS | Windlass reads git itself; take definitions out of LFS with `git lfs untrack`.
not-utf8 | the file is not UTF-8 | Save it as UTF-8; a byte order mark is fine, UTF-16 and UTF-32 are not.
control-character | a control character stands in the file | Only tabs and line ends may; write others as escapes in
    double quotes.
not-a-file | a symbolic link or submodule stands where a definition is expected | Links are never followed, so that
    no file outside the repository is read.
unreadable-file | the file cannot be read | It is listed, and its content could not be had.
empty-file | the file holds nothing | Delete it, or write a definition that begins with apiVersion and kind.
not-a-mapping | the file is a list or text | A definition is a mapping that begins with apiVersion and kind.
path-encoding | a file name is not UTF-8 | Rename the file.
path-git-directory | a file name means .git on some file system | Rename the file; such names are used to attack
    checkouts.
path-control | a file name holds a control or invisible character | Rename the file.
path-backslash | a file name holds a backslash or a drive letter | Rename the file.
path-length | a path is too long | Shorten it.
path-collision | two files differ only in case or Unicode form | On some file systems they are one file, so neither
    is used; rename one.
"""
_YAML = """
yaml-syntax | the file is no YAML | The position is where the reader gave up; the mistake is there or just before.
yaml-tag | a YAML tag is used | Tags such as !!python/object could build anything; none is interpreted. Quote text
    that begins with !.
yaml-limit | the file is nested too deeply or has too many values | At most 64 levels and 10,000 values, each use of
    an alias counted in full.
recursive-alias | an alias refers to what holds it | The value would be endless.
one-document | the file holds more than one document | Give each definition a file of its own.
duplicate-key | a key stands twice in one mapping | Other readers keep one of the two silently; here neither is
    guessed.
key-not-text | a key is a list or a mapping | Often ${{ … }} was written as {{ … }}, or a value that begins with {
    is not quoted.
wrong-merge | << merges something that is no mapping | The merge key takes an alias of a mapping, or a list of them.
number-too-long | a number has more than 400 digits | Quote it, to make it text.
"""
_SHAPE = """
unknown-version | apiVersion is not one that this Windlass reads | Write apiVersion: windlass.dev/v1, or update
    Windlass.
unknown-kind | kind is no kind of Windlass | The kinds are Workflow, Action, Repository and Test.
wrong-kind | a document of this kind does not belong into this folder | Move the file, or change the paths in
    windlass.yaml.
unknown-key | a key that does not exist here | A misspelled key would otherwise be ignored without a word.
missing-key | a key that is needed is not there | It is reported at the key of the mapping that lacks it.
wrong-type | a value has the wrong type | Values are never converted: 5 is no text, "5" is no number, "false" is not
    false.
invalid-value | a value is none of those allowed | The message lists what may stand here.
empty-value | a key has no value, or an empty one | An empty value is not the same as an absent key: write one or
    delete the key.
out-of-range | a number or a length is out of bounds | The message names the bound.
invalid-name | a name breaks the rule for names | Names are used in URLs and as DNS labels: lower-case letters,
    digits and hyphens.
invalid-step-name | a step's name breaks the rule for names | 1 to 40 lower-case letters, digits and hyphens.
invalid-value-name | the name of an input or output breaks the rule | A letter, then letters, digits, _ and -, at
    most 63.
invalid-secret-name | the name of a secret breaks the rule | Letters, digits, _ and -, at most 63.
invalid-env-name | a name cannot be that of an environment variable | Letters, digits and _, not beginning with a
    digit.
reserved-env-name | a variable begins with WINDLASS_ | These are set by Windlass for each step.
invalid-duration | a value is no duration | One or more of number and unit: 500ms, 30s, 10m, 1h30m, 7d.
invalid-size | a value is no size | A number and Ki, Mi or Gi.
invalid-percent | a value is no percentage | A whole number and %.
invalid-quantity | a value is no quantity of Kubernetes | 2, 500m, 1Gi.
invalid-local-time | a value is no local date or time | A date, or a date and time without a zone; start comes
    before end.
invalid-days | a value is no day or range of days | 2026-12-24 or 2026-12-24..2026-12-26.
invalid-moment | a value is no moment | RFC 3339, with its offset.
invalid-every | an interval is shorter than a second | `every` is at least 1s.
invalid-path | a value is no path of the repository | Relative, without .., and not in .git.
invalid-paths | a value is no list of paths | Paths of the working directory, never outside.
invalid-mode | a value is no file mode | Octal digits in quotes, such as "0400".
invalid-objects | a value names no object store | file:///FOLDER, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX.
invalid-git-url | a library's URL is neither https nor ssh | Other transports can run programs or read files of the
    server. file:///PATH, /PATH and ./PATH are for the command line and for a server open to its own machine alone.
invalid-commit | a commit in windlass.lock is not written in full | `windlass lock` writes the file anew.
invalid-hash | a content hash in windlass.lock is no hash | `windlass lock` writes the file anew.
invalid-shell | a shell is unknown | bash, sh, python, node, ruby, php, perl, go, pwsh, or {command: [my-tool,
    "{script}"]}.
invalid-command | a command is no list of words | There is no shell to split it: write [echo, "hello there"].
invalid-uses | uses names nothing that could be used | alias/action, ./actions/x or ./workflows/x.yaml, never an
    expression.
invalid-condition | if is neither a boolean nor one expression | Text such as "false" would count as true elsewhere;
    here it is refused.
invalid-output | a workflow's output is no expression | Write an expression, or a map with value and type.
invalid-missed | missed is none of its forms | skip, latest or {policy: all, limit: 10}.
invalid-for-each | forEach takes something else | A list, a map, a count or one expression.
invalid-matrix | a matrix has a wrong form | A map from axis to list of values, with include and exclude.
invalid-enum | enum is empty or holds values of another type | Each value has the declared type.
invalid-pattern | a pattern is no regular expression of linear time | Look-around and back-references are not
    supported: they can hang a matcher.
expression-expected | one expression must stand here | Write it in ${{ }}.
constraint-type | a constraint does not fit the declared type | minimum is for numbers, minLength for text, minItems
    for arrays.
constraint-range | a lower bound is above the upper one | No value could fit.
step-kind | a step is not exactly one kind of step | Exactly one of run, uses, command, approval and wait; args goes
    with command, with goes with uses.
needless-key | a key has no effect on this kind of step | Approvals and waits run nothing: they have no env, image,
    retry or timeout of an attempt. Delete the key.
action-kind | an action is not exactly one kind of action | Exactly one of run, entrypoint and command.
schedule-kind | a schedule has not exactly one of cron and every | Write one of them.
git-kind | a git trigger has not exactly one of push, pullRequest and tag | Write one of them; more triggers are
    more list items.
queue-kind | a queue trigger has not exactly one broker and one queue | Write one of each.
postgres-kind | a postgres trigger is neither listen nor table and key | Write one of the two forms.
volume-kind | a volume has not exactly one source | claim, configMap, secret or emptyDir.
wait-kind | a wait has not exactly one of for and until | Write one of them.
cache-kind | a cache mixes its two forms | paths and restore, or ttl.
verify-secret | a webhook's verification and its secret do not fit | Every scheme but none needs the name of a secret.
verify-header | header stands with a scheme that has a fixed one | header and idHeader are for hmac-sha256.
secret-source | a secret of the server file has not exactly one source | Write env, the name of a variable, or file.
secret-address | the address of a secret store cannot be used | https://HOST[:PORT][/PREFIX]: what is sent there
    is worth stealing.
secret-path | a path of a secret store means more than one thing | A beginning in whole parts, or in letters with
    a * behind them; no . and no ..
secret-grant | nobody is named who may read a secret store | Write tenants, repositories or both.
secret-store | a secret store does not fit its backend | Each backend has credentials and options of its own.
runner-key | a runner has a key of another kind | host and certificates are for docker; kubeconfig, context and
    namespace for kubernetes.
runner-name | a runner has the name of a kind that is not its own | local, docker and kubernetes are there already: the
    file may say more about them, not something else.
plain-secret | a secret's value stands in the file | Everybody who reads the repository has it now: change it, and
    write a reference.
secret-backend | a secret reference names no known backend | ref+BACKEND://PATH#/KEY.
secret-default | an input of type secret has a default | git is no place for it.
"""
_MEANING = """
duplicate-name | two definitions or steps have one name | Neither wins silently; rename one.
colliding-names | two names differ only in - and _ | Expressions and INPUT_ variables cannot tell them apart; rename
    one.
unknown-step | needs names a step that does not exist | The nearest name is given.
needs-finally | a step waits for a step of finally | finally runs after all others.
dependency-cycle | steps wait for one another in a circle | None of them could start. A reference to a step is a
    dependency too.
loop-too-large | a loop has more than 10,000 items | Split the work, or let one item handle several of them.
nested-key | a key stands where a workflow is used that only a process can have | A nested workflow sees no layer of its
    caller; its own steps have their env, retry, image and so on.
nesting-too-deep | workflows use one another more than ten deep | Flatten them: nobody can follow such a tree.
artifact-path | a path of an artifact leaves the working directory | Files are saved from the working directory and
    loaded into it; move what is elsewhere there first.
artifact-reference | artifacts.load is given something that is no artifact | Write steps.STEP.artifacts.NAME; an output
    of type file is an artifact of its name.
unknown-environment | environment names none that windlass.yaml has | The nearest name is given.
unknown-action | uses names something that does not exist | The nearest name is given.
invalid-entrypoint | entrypoint names no script that can be read | A UTF-8 file of at most 1 MiB in the folder of the
    action; links are not followed.
broken-uses | uses names an action or a workflow that has errors | Mend that file; until then the last good version of
    what uses it stays live.
library-not-locked | uses names a library that windlass.lock does not have as windlass.yaml says | `windlass lock`
    pins it; commit windlass.lock with windlass.yaml. Until then the last good version of the workflow stays live.
library-unavailable | a library that is used cannot be fetched | What was fetched once stays; this commit was not. It is
    tried again; until then the last good version of the workflow stays live.
library-mismatch | the contents of a library are not those that were locked | Somebody edited windlass.lock, or the
    library's server gives other files than before. `windlass lock` writes what is there now, for you to review.
reserved-library | a library is called std | That name is the library that is built in.
unknown-workflow | a test or trigger names a workflow that does not exist | The nearest name is given.
unknown-input | a value is given for an input that is not declared | The nearest name is given.
missing-input | a value is not given for an input that needs one | Give it, or declare a default or required: false.
input-value | a value does not fit the declaration of the input | The same check is made for flags, the API, the
    form and defaults.
unknown-output | a test gives or expects an output that is not declared | The nearest name is given.
output-value | a test gives an output that its step could not give | It does not fit the step's own declaration.
expression-in-script | ${{ }} stands in a script | Values would become part of the program (script injection). Put
    them in env: and use "$NAME".
expression-not-allowed | ${{ }} stands where no expression is evaluated | What is written here must be known before
    anything runs.
expression-syntax | an expression cannot be read | The position is where reading stopped.
expression-too-large | an expression is too long or too deep | Compute it in a step.
expression-type | an expression has the wrong type | It is checked against the declared inputs and outputs.
unknown-name | an expression uses a name that does not exist here | The nearest name is given.
unknown-function | an expression calls a function that does not exist | The nearest name is given.
function-not-allowed | an expression calls a function that is not for this place | success(), failure(), always()
    and cancelled() are for `if`.
file-path | a path of files is none that a step could write | Below the working directory, or below ~ for a home of the
    attempt's own; never absolute, without .., each file once.
cache-path | a path of a cache is none that could be kept | Below the working directory, or below ~ for a home of the
    attempt's own; never absolute, without .., never the whole of either.
cache-outputs | a step reuses its outputs, and leaves files behind | A step whose outputs come from the cache does not
    run: there are no files of it. Keep folders with cache.paths instead.
hash-files | the globs of hashFiles cannot be used | Files are hashed when a run is created: globs are texts, or made of
    inputs, event and repository, and relative to the root of the repository.
secret-not-allowed | a secret stands where it could be seen | Secrets may stand in env, files.*.content, with of a
    secret input, and verify.
invalid-cron | a cron line is wrong or can never fire | Five fields, or six with seconds first; no macros, L, W, #
    or ?.
unknown-timezone | a time zone is not known | Write a name of the IANA database, such as Europe/Berlin.
webhook-mismatch | one hook name has two verifications | Workflows may share a hook only with the same verify.
not-supported | a part of the language that this version does not run yet | It is refused, so that nothing is
    silently ignored.
more-problems | a file has more problems than are shown | The first 200 are; mend them and check again.
mass-removal | a commit removes every workflow, or more than half of ten or more | The old ones stay live until
    reconcile is confirmed.
"""
_WARNINGS = """
yaml-1.1 | another YAML reader would read this value otherwise | YAML 1.1 reads yes, on, 010, 1:30 and 1_000 as
    booleans and numbers. Quote text, write numbers plainly.
unused-input | an input is declared and never used | Delete it, or use it.
unused-output | an output of a step is declared and never read | Read it, delete it, or make it an output of the
    workflow when people or programs outside read it.
unreachable-step | a step that no run can reach | Its if is false whatever happens, or it reads outputs of such a step.
deprecated-action | the action is deprecated | Its author says what to use instead.
no-layout | `windlass fmt` cannot lay the file out | It writes nothing that would read differently or lose a comment;
    the file stays as it is.
image-without-tag | an image has neither tag nor digest | `latest` changes under you; write a version.
bidirectional-text | an invisible character changes the order in which text is shown | What a reviewer sees is not
    what runs (Trojan Source).
risky-env-name | a variable changes how programs are loaded | LD_PRELOAD, BASH_ENV, PYTHONPATH and the like run code
    in every program of the step.
webhook-key | the server has no key by the name that a hook's verification gives | Deliveries to it are answered with
    401 until the key stands below secrets: in the server file.
schedule-refused | a schedule cannot be used by this version | The rest of the workflow works; only this schedule does
    not fire.
unknown-runner | the server has no runner of that name | It stands below runners: in the server file, or is one of
    local, docker and kubernetes. Until it does, runs of the workflow are refused.
stale-lock | windlass.lock does not match windlass.yaml | `windlass lock` writes it anew. What uses such a library is
    refused where it stands; that a library has moved on is no reason.
library-not-checked | a library is not in the cache, so its actions are not checked | Nothing is fetched while
    checking.
"""
_NOTES = """
dst-change | a change of the clocks moves or doubles this firing | A time that does not exist fires at the next
    valid minute, one that occurs twice fires once.
"""

RULES: dict[str, Rule] = {
    **_table("error", _FILES),
    **_table("error", _YAML),
    **_table("error", _SHAPE),
    **_table("error", _MEANING),
    **_table("warning", _WARNINGS),
    **_table("note", _NOTES),
}
