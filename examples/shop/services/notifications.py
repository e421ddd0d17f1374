"""Notifications: messages to customers and to whoever is on duty."""

from examples.shop.services.documents import Document, unacceptable
from examples.shop.services.web import Key, LedgerHere, Service, routes

router = routes()

TEMPLATES = {
    "refund": "We have paid back what you paid for {subject}.",
    "reship": "We have sent {subject} again, by express.",
    "wait": "We are sorry: {subject} arrives within two days.",
    "confirmed": "Thank you: {subject} is on its way.",
    "declined": "Your card was declined, so {subject} was not placed.",
}


class NewMessage(Document):
    to: str
    template: str
    subject: str
    """What the message is about, such as `order o-1001`."""


class Message(Document):
    id: str
    to: str
    template: str
    text: str


@router.post("/messages", operation_id="send", status_code=201, summary="Send a message")
async def send(body: NewMessage, ledger: LedgerHere, key: Key = None) -> Message:
    def deliver() -> Message:
        if body.template not in TEMPLATES:
            raise unacceptable(f"there is no template {body.template!r}; there are {', '.join(TEMPLATES)}")
        text = TEMPLATES[body.template].format(subject=body.subject)
        message = Message(id=ledger.number("m"), to=body.to, template=body.template, text=text)
        ledger.put(message.id, message)
        return message

    return ledger.apply(Message, "send", body.model_dump(), act=deliver, key=key)


SERVICE = Service("notifications", "Messages to customers.", router, {})
