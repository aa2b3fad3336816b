"""Reports as servers write them: RFC 3464, RFC 5965, and what else arrives in such a mailbox."""

from extranet.mail.models import OutboxMail


def delivery_report(
    mail: OutboxMail,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    to: str = "",
    message_id: str = "",
    whole: bool = False,
    original: str = "",
) -> bytes:
    """What Postfix writes. ``whole``: with the mail itself in place of its headers alone."""
    headers = f"From: agents@exchange.test\nTo: {mail.to_address}\nMessage-ID: {message_id or mail.message_id}\n"
    returned = (
        f"Content-Type: message/rfc822\n\n{headers}\nthe words\n"
        if whole
        else f"Content-Type: text/rfc822-headers\n\n{headers}\n"
    )
    first = f"Original-Recipient: rfc822;{original}\n" if original else ""
    return (
        "From: MAILER-DAEMON@relay.test\nTo: agents@exchange.test\nSubject: Undelivered Mail Returned to Sender\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "--B\nContent-Type: text/plain\n\nI am sorry to have to inform you.\n\n"
        "--B\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; relay.test\nArrival-Date: Mon, 16 Nov 2026 06:00:00 -0800\n\n"
        f"{first}Final-Recipient: rfc822; {to or mail.to_address}\nAction: {action}\nStatus: {status}\n"
        "Diagnostic-Code: smtp; 550 no such user\n\n"
        f"--B\n{returned}\n--B--\n"
    ).encode()


def complaint(mail: OutboxMail, *, feedback: str = "abuse", to: str | None = None) -> bytes:
    """What a large mail provider writes when somebody presses "this is spam"."""
    named = f"Original-Rcpt-To: {mail.to_address if to is None else to}\n" if to != "" else ""
    return (
        "From: feedback@provider.test\nTo: agents@exchange.test\nSubject: Complaint\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\n\n'
        "--B\nContent-Type: text/plain\n\nThis is an abuse report.\n\n"
        "--B\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {feedback}\nUser-Agent: Provider/1.0\nVersion: 1\n{named}\n"
        f"--B\nContent-Type: message/rfc822\n\nFrom: agents@exchange.test\nMessage-ID: {mail.message_id}\n\nwords\n\n"
        "--B--\n"
    ).encode()


OUT_OF_OFFICE = (
    b"From: bob@agents.test\nTo: agents@exchange.test\nAuto-Submitted: auto-replied\nSubject: Out of office\n\n"
    b"Back soon.\n"
)
SPAM = b"From: x@spam.test\nSubject: Cheap\nContent-Type: text/html\n\n<b>Buy</b>\n"
NO_MAIL_AT_ALL = bytes(range(256)) * 20
NESTED = (
    b"Content-Type: multipart/report; boundary=a\n\n" + b"--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 3000
)
HALF = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
    b"--B\nContent-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1"
)
