"""Why calls end, in Plivo's words: code, name, telephony cause, and the CallStatus that goes with it when nobody had
answered. A table and its lookup; it decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

_NAMES = {
    0: "Unknown", 1000: "Cancelled", 1010: "Cancelled (Out Of Credits)", 1020: "Cancelled (Simultaneous Dial Limit)",
    2000: "Invalid Destination Address", 2010: "Destination Out Of Service", 2020: "Endpoint Not Registered",
    2030: "Destination Country Barred", 2040: "Destination Number Barred", 2050: "Destination Prefix Barred",
    2060: "Loop Detected", 2070: "Media anchoring failure", 3000: "No Answer", 3010: "Busy Line", 3020: "Rejected",
    3030: "Unknown Caller ID", 3040: "Forbidden", 3050: "Unallocated Number", 3070: "Request Timeout",
    3080: "Carrier internal error", 3090: "Congestion", 3100: "Busy everywhere", 3110: "Declined",
    3120: "User does not exist", 3130: "Spam Block", 3140: "Do-not-originate caller id",
    4000: "Normal Hangup", 4010: "End Of XML Instructions", 4020: "Multiparty Call Ended", 4030: "Kicked Out Of Multiparty Call",
    4240: "SIP auth failed", 4250: "SIP auth timed out",
    5000: "Network Error", 5010: "Internal Error", 5020: "Routing Error", 5030: "Concurrency limit breached",
    6000: "Scheduled Hangup", 6010: "Ring Timeout Reached", 6020: "Media Timeout",
    7011: "Error Reaching Answer URL", 7012: "Error Reaching Action URL", 7013: "Error Reaching Transfer URL",
    7014: "Error Reaching Redirect URL", 7022: "Invalid Action URL", 7023: "Invalid Transfer URL",
    7024: "Invalid Redirect URL", 7032: "Invalid Method For Action URL", 7033: "Invalid Method For Transfer URL",
    7034: "Invalid Method For Redirect URL", 8011: "Invalid Answer XML", 8012: "Invalid Action XML",
    8013: "Invalid Transfer XML", 8014: "Invalid Redirect XML", 9000: "Lost Race", 9100: "Machine Detected",
    9110: "Confirm Key Challenge Failed",
}  # fmt: skip
_TELEPHONY = {
    0: "UNKNOWN", 1000: "ORIGINATOR_CANCEL", 1010: "OUTGOING_CALL_BARRED", 2000: "INVALID_NUMBER_FORMAT",
    2010: "DESTINATION_OUT_OF_ORDER", 2020: "USER_NOT_REGISTERED", 3000: "NO_ANSWER", 3010: "USER_BUSY",
    3020: "CALL_REJECTED", 3050: "UNALLOCATED_NUMBER", 3070: "RECOVERY_ON_TIMER_EXPIRE", 3090: "SWITCH_CONGESTION",
    3110: "CALL_REJECTED", 5000: "NETWORK_OUT_OF_ORDER", 5010: "NORMAL_TEMPORARY_FAILURE",
    5020: "NO_ROUTE_DESTINATION", 6010: "NO_ANSWER",
}  # fmt: skip
_UNANSWERED = {1000: "no-answer", 3000: "no-answer", 3010: "busy", 3020: "busy", 3100: "busy", 3110: "busy",
               6010: "timeout"}  # fmt: skip

CDR_STATES = {"completed": "ANSWER", "busy": "BUSY", "no-answer": "NO_ANSWER", "timeout": "NO_ANSWER",
              "failed": "FAILED"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hangup:
    """How a call ended. `source` is Caller, Callee, Plivo, Carrier, API Request, Answer XML, Error or Unknown."""

    code: int
    source: str

    @property
    def name(self) -> str:
        return _NAMES.get(self.code, "Unknown")

    @property
    def cause(self) -> str:
        return _TELEPHONY.get(self.code, "NORMAL_CLEARING" if self.code >= 4000 else "NORMAL_TEMPORARY_FAILURE")

    def status(self, answered: bool) -> str:
        return "completed" if answered else _UNANSWERED.get(self.code, "failed")


def is_known(code: int) -> bool:
    return code in _NAMES
