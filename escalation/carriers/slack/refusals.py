"""What Slack's refusals mean for a page: its error codes, and its HTTP statuses, as verdicts. Pure. A code that is not here is
retried: it was certainly not accepted, and only what is known to be hopeless may end a step early."""

from __future__ import annotations

from escalation.errors import CarrierError, Verdict

_CREDENTIALS = """
    access_denied account_inactive action_prohibited ekm_access_denied enterprise_is_restricted invalid_auth invalid_token
    missing_scope no_permission no_service no_service_id no_team not_allowed_token_type not_authed org_login_required
    team_access_not_granted team_disabled token_expired token_revoked two_factor_setup_required
"""
_PERMANENT = """
    cannot_dm_bot cannot_find_user cant_update_message channel_is_archived channel_is_limited_access channel_not_found
    duplicate_channel_not_found edit_window_closed invalid_arguments invalid_blocks invalid_blocks_format invalid_payload
    is_archived is_inactive message_not_found messages_tab_disabled msg_blocks_too_long msg_too_long no_text not_in_channel
    posting_to_general_channel_denied restricted_action restricted_action_non_threadable_channel
    restricted_action_read_only_channel restricted_action_thread_only_channel user_disabled user_not_found
"""
# Slack: "it's possible some aspect of the operation succeeded before the error was raised".
_UNKNOWN = "fatal_error internal_error request_timeout"
_RETRY = "accesslimited message_limit_exceeded rate_limited ratelimited rollup_error service_unavailable"

VERDICTS: dict[str, Verdict] = {
    code: verdict
    for codes, verdict in (
        (_CREDENTIALS, Verdict.CREDENTIALS),
        (_PERMANENT, Verdict.PERMANENT),
        (_UNKNOWN, Verdict.UNKNOWN),
        (_RETRY, Verdict.RETRY),
    )
    for code in codes.split()
}
_STATUSES = {401: Verdict.CREDENTIALS, 403: Verdict.CREDENTIALS, 404: Verdict.CREDENTIALS, 410: Verdict.PERMANENT}


def refusal(status: int, code: str) -> CarrierError:
    """The error for an answer that accepted nothing. `code` is Slack's word, repeated only when we know it: an answer may
    quote what we sent."""
    if status == 429:
        return CarrierError(Verdict.RETRY, "Slack: rate limited")
    if status >= 500:
        return CarrierError(Verdict.UNKNOWN, f"Slack: HTTP {status}")
    if code in VERDICTS:
        return CarrierError(VERDICTS[code], f"Slack: {code}")
    if status == 200:
        return CarrierError(Verdict.RETRY, "Slack refused with a code unknown here")
    return CarrierError(_STATUSES.get(status, Verdict.RETRY), f"Slack: HTTP {status}")
