"""Every attack on secrets that is known to us has a test, which says what it gets instead."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ATTACKS = "slow/test_secret_attacks.py::test_each_attack_gets_its_refusal_and_nothing_else"
SPILLS = "slow/test_secret_attacks.py::test_what_a_step_spills_is_hidden_wherever_it_goes"
CHANGED = "secrets/sops/test_attacks.py::test_a_file_that_was_changed"
CANARIES = "slow/test_secret_canaries.py::test_on_this_machine"
# What is tried -> where it is refused
TRIED = {
    "a reference that runs a command, reads a file or the environment (S01, S02)": (
        "schemas/test_refusals.py::test_refused",
        "schemas/test_backends.py::test_a_backend_of_vals",
        "secrets/test_resolver.py::test_what_no_provider_is_asked",
    ),
    "a reference that chooses an address, an account or a region (S03)": (
        "secrets/test_policy.py::test_a_reference_says_neither_where_nor_as_whom",
        "secrets/stores/test_vault.py::test_a_reference_chooses_neither_the_address_nor_who_asks",
        "secrets/stores/test_vault.py::test_a_redirect_takes_the_token_nowhere",
        "secrets/stores/test_k8s.py::test_what_there_is_not",
        "secrets/stores/test_aws.py::test_the_servers_environment_chooses_no_endpoint",
    ),
    "another path than the one that was given; traversal, encoded too (S03)": (
        "secrets/test_policy.py::test_other_paths_are_refused",
        "secrets/test_policy.py::test_a_path_means_one_thing",
        "secrets/sops/test_provider.py::test_what_is_outside_is_not_even_looked_at",
        "secrets/sops/test_provider.py::test_links_are_not_followed",
        ATTACKS,
    ),
    "a confused deputy: a file that names keys, roles or addresses of its own (S05)": (
        "secrets/sops/test_attacks.py::test_a_file_that_names_keys_of_its_own_is_not_followed",
        "secrets/sops/test_keepers.py::test_another_key_role_or_address_is_refused_before_anything_is_started",
        "secrets/sops/test_keepers.py::test_what_sops_would_read_under_another_spelling_never_reaches_it",
        "secrets/sops/test_keepers.py::test_its_environment_is_the_stores_alone",
    ),
    "a file of another repository, or for another key (S06)": (
        "secrets/sops/test_attacks.py::test_another_key",
        ATTACKS,
    ),
    "a row of another place of the own store (S06)": (
        "secrets/test_own.py::test_a_row_of_another_place_opens_nothing",
    ),
    "a MAC that is missing or wrong, values added, moved, swapped (S07)": (
        CHANGED,
        "secrets/sops/test_keepers.py::test_a_file_that_was_changed",
    ),
    "a file that was cut off": ("secrets/sops/test_attacks.py::test_a_file_that_is_cut_off_anywhere", ATTACKS),
    "what is opened is a bomb, a list, too large, or has keys twice (S09)": (
        "secrets/sops/test_attacks.py::test_what_is_no_such_file",
        "secrets/sops/test_provider.py::test_a_file_that_is_too_large",
        "secrets/stores/test_vault.py::test_an_answer_without_end",
        ATTACKS,
    ),
    "a value that is empty, short, large, binary, of several lines (S10)": (
        "secrets/test_resolver.py::test_what_cannot_be_hidden_or_handed_over",
        "secrets/sops/test_real_sops.py::test_binary",
        "test_masking.py::test_each_line_of_a_secret_is_hidden_and_so_is_it_in_base64",
        CANARIES,
    ),
    "a tool that hangs, is missing, is old, or says too much (S11, S17)": (
        "secrets/sops/test_keepers.py::test_a_sops_that_fails",
        "secrets/sops/test_keepers.py::test_a_sops_that_is_missing_or_old",
        "secrets/test_resolver.py::test_who_is_too_slow_is_not_waited_for",
        "secrets/test_resolver.py::test_a_message_that_may_hold_the_value_goes_no_further",
    ),
    "a credential that was replaced between two steps (S13)": (
        "secrets/stores/test_vault.py::test_a_replaced_token_counts_at_once",
    ),
    "a secret turned around before it is printed: not claimed (S14)": (
        "test_masking.py::test_what_we_do_not_claim_to_hide",
    ),
    "a library or an action that asks for its user's secrets (S16)": (
        "plan/test_secret_names.py::test_a_library_has_no_secrets_of_its_own",
        "runs/test_secrets.py::test_a_nested_workflow_has_its_own_and_what_it_is_given",
    ),
    "text from outside that spells a reference or a placeholder; nested references": (
        "runs/test_secrets.py::test_an_event_that_spells_a_placeholder_gets_nothing",
        "runs/test_secrets.py::test_what_is_passed_down_with_an_event_names_nothing",
        SPILLS,
    ),
    "a secret in a name, a title, a condition, a key of a cache, an argument (E11)": (
        "loading/test_secret_places.py::test_a_secret_stands_where_nobody_sees_it",
    ),
    "a secret echoed in pieces, in base64, over chunks, in an output (L03)": (
        "test_masking.py::test_each_form_is_hidden",
        "test_masking.py::test_over_any_border_as_at_once",
        "executors/test_masked.py::test_outputs_are_written_anew_when_they_hold_a_secret",
        SPILLS,
    ),
    "a secret in a crash, an error message, the log of the server": (CANARIES, SPILLS),
    "a secret input in lists, audit, URLs, logs (I12)": (
        "slow/test_secret_inputs.py::test_on_a_server_that_is_killed_meanwhile",
        CANARIES,
    ),
    "another path around an environment's protection; what nobody reviewed": (
        "slow/test_secret_guards.py::test_no_way_around_an_environment",
        "slow/test_secret_guards.py::test_no_secret_of_an_environment_before_people_agree",
        "slow/test_secret_guards.py::test_no_secret_of_an_environment_for_another_branch",
        "slow/test_secret_guards.py::test_what_left_the_branch_is_given_none_when_it_runs_again",
    ),
    "what a killed server leaves, in its folder, in memory, in a cluster": (
        "slow/test_secret_attacks.py::test_what_a_killed_server_left_is_swept",
        "executors/kubernetes/test_secrets.py::test_a_kill_between_the_job_and_its_secret_leaves_no_orphan",
        "executors/attempt_folder/test_memory.py::test_what_a_removed_folder_left_is_swept",
    ),
    "the Secret of an attempt deleted by somebody, so that nobody knows what to hide (K14)": (
        "executors/kubernetes/test_secrets.py::test_when_nobody_knows_any_more_what_to_hide_nothing_is_shown",
    ),
    "objects of a cluster, arguments of processes, what docker tells": (
        "executors/kubernetes/test_secrets.py::test_values_are_in_one_secret_that_the_job_owns_and_go_with_it",
        "slow/test_secret_canaries.py::test_in_containers",
        "slow/test_secret_canaries.py::test_in_a_cluster",
    ),
}


@pytest.mark.parametrize("tried", TRIED)
def test_it_has_a_test(tried: str) -> None:
    for place in TRIED[tried]:
        path, _, name = place.partition("::")
        tree = ast.parse((TESTS / path).read_text())
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in names, place
