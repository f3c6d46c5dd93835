"""Start an attempt: evaluate its environment, record it, ask for its launch.

In: a draft and a step that may start. Out: the step `running` with a new attempt, and a Launch; or the step `errored`
because an expression failed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError, InputError
from windlass.expressions import evaluate, to_text
from windlass.frozen import changed
from windlass.plan.caching import checked_key, kept_path
from windlass.plan.placeholders import names_in, placeholder
from windlass.plan.registries import needed, password_name
from windlass.plan.secret_names import names_for_step
from windlass.runs.artifacts import loads_of
from windlass.runs.beside import LaunchRegistry
from windlass.runs.given import given_inputs, shown_inputs, with_variables
from windlass.runs.model import Attempt, CacheUse, Checkout, Launch, LaunchFile, SecretScope, Status
from windlass.runs.outputs import read_limit
from windlass.runs.parts import launch_parts, waiting
from windlass.runs.placement import launch_placement
from windlass.runs.scope import functions_of, layered, unset_by, values_for
from windlass_schemas.storage import read_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.model import AttemptKey, StepKey


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def start_attempt(draft: Draft, of: StepKey) -> None:
    """Of a step, or of an item that was put into the draft before."""
    step = draft.step(of)
    planned = draft.settled(step)
    attempt = Attempt(number=len(step.attempts) + 1, created_at=draft.now, detail=waiting(planned))
    key = draft.attempt_key(of, attempt.number)
    try:
        launch = _launch(draft, planned, key)
    except ExpressionError as error:
        draft.end(of, Status.ERRORED, "expression", str(error))
        return
    except InputError as error:
        draft.end(of, Status.ERRORED, "input-invalid", f"with: {error}")
        return
    draft.put(
        changed(
            step,
            status=Status.RUNNING,
            cause=None,
            message=None,
            retry_at=None,
            attempts=(*step.attempts, attempt),
        )
    )
    draft.commands.append(launch)


def _launch(draft: Draft, planned: PlannedStep, key: AttemptKey) -> Launch:
    values, functions = values_for(draft, planned, key.item), functions_of(draft)

    def text(value: Any) -> str:
        return to_text(evaluate(value, values, functions)) if isinstance(value, str) else to_text(value)

    env = layered(planned.env, values, functions)
    if planned.given is None:
        secret = draft.plan.secret_inputs
        shown = {name: value for name, value in draft.plan.inputs.items() if name not in secret}
    else:
        inputs = given_inputs(planned.given, values, functions)
        env, shown = with_variables(env, inputs), shown_inputs(planned.given, inputs)
    env |= _own_variables(draft, key)
    parts = launch_parts(planned, values, functions)
    files = tuple(
        LaunchFile(file.path, text(file.content), _mode(file.path, text(file.mode))) for file in planned.files
    )
    placement = launch_placement(planned.placement, values, functions)
    services = placement.get("services", ())
    secrets: dict[str, str | None] = {}
    if allowed := names_for_step(draft.plan, planned):
        filled_in = [*env.values(), *(f.content for f in files), *(v for p in parts for v in p.env.values())]
        filled_in += [text for service in services for text in service.env.values()]
        secrets = _secrets(allowed, filled_in)
    image = text(planned.image) if planned.image is not None else None
    registries = needed(draft.plan.registries, [image, *(one.image for one in services)])
    secrets |= {password_name(host, one["password"]): one["password"] for host, one in registries.items()}
    return Launch(
        key=key,
        runner=planned.runner,
        argv=planned.argv
        if planned.script is not None
        else (*map(text, planned.argv), *_args(planned, values, functions)),
        env=env,
        unset=unset_by(planned.env),
        script=planned.script,
        script_name=planned.script_name,
        inputs=_as_json(shown),
        image=image,
        registries=tuple(
            LaunchRegistry(host, one["username"], placeholder(password_name(host, one["password"])))
            for host, one in registries.items()
        ),
        working_directory=text(planned.working_directory) if planned.working_directory is not None else None,
        checkout=_checkout(draft, planned),
        cache=_cache(draft, planned, text),
        files=files,
        action_files=_action_files(draft, planned),
        loads=loads_of({path: evaluate(written, values, functions) for path, written in planned.loads.items()}),
        saves={name: tuple(text(path) for path in paths) for name, paths in planned.saves.items()},
        file_outputs={name: spec.size for name, spec in planned.outputs.items() if spec.file},
        output_limit=read_limit(planned),
        secrets=tuple(secrets),
        references={name: reference for name, reference in secrets.items() if reference is not None},
        scope=_scope(draft) if secrets else None,
        lent={name: draft.plan.lent_from[name] for name in secrets if name in draft.plan.lent_from},
        kill_after=planned.kill_after,
        quiet_timeout=planned.quiet_timeout,
        timeout=planned.timeout,
        parts=parts,
        **placement,
    )


def _args(
    planned: PlannedStep, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> tuple[str, ...]:
    """A list is one word for each item; null is none."""
    found = evaluate(planned.args, values, functions) if planned.args is not None else []
    if found is None:
        return ()
    return tuple(to_text(word) for word in found) if isinstance(found, list) else (to_text(found),)


def _action_files(draft: Draft, planned: PlannedStep) -> Mapping[str, Mapping[str, Any]]:
    used = draft.plan.uses.get(planned.given.target) if planned.given is not None else None
    return used.files if used is not None else {}


def _cache(draft: Draft, planned: PlannedStep, text: Callable[[Any], str]) -> CacheUse | None:
    """Raises ExpressionError."""
    cache = planned.cache
    if cache is None or not cache.paths:
        return None
    try:
        paths = tuple(kept_path(text(path)) for path in cache.paths)
    except ValueError as error:
        raise ExpressionError(f"cache: {error}") from error
    restore = tuple(text(prefix) for prefix in cache.restore)
    return CacheUse(draft.plan.repository, checked_key(text(cache.key)), paths, restore)


def _mode(path: str, digits: str) -> int:
    """Raises ExpressionError."""
    try:
        return int(read_mode(digits), 8)
    except ValueError as error:
        raise ExpressionError(f"mode of {path}: {error}") from error


def _checkout(draft: Draft, planned: PlannedStep) -> Checkout | None:
    return Checkout(draft.plan.repository, draft.plan.commit, planned.checkout_git) if planned.checkout else None


def _scope(draft: Draft) -> SecretScope:
    plan = draft.plan
    return SecretScope(plan.repository, plan.commit, plan.environment, plan.merged, draft.head.actor)


def _secrets(allowed: Mapping[str, str | None], texts: Iterable[str]) -> dict[str, str | None]:
    """Those that the texts name, and that the step's author named: a text from outside may name any."""
    return {name: allowed[name] for text in texts for name in names_in(text) if name in allowed}


def _own_variables(draft: Draft, key: AttemptKey) -> dict[str, str]:
    return {
        "WINDLASS_RUN_ID": key.run,
        "WINDLASS_STEP": key.path,
        "WINDLASS_ATTEMPT": str(key.number),
        "WINDLASS_WORKFLOW": draft.plan.workflow,
        "WINDLASS_REPOSITORY": draft.plan.repository,
        "WINDLASS_COMMIT": draft.plan.commit or "",
    }
