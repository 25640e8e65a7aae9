"""Dialogues that are not generated tasks: stories, orders with tools, sums and small talk."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import corpus
from tasks.structured import tool

ABOUT = "I am Millrace's small built-in model. I was trained by the Millrace project from scratch."
SMALL_TALK = (
    (("Hello!", "Hi", "Hello", "Hey there", "Good morning"), "Hello! How can I help you?"),
    (("Who are you?", "What are you?", "What is your name?", "Introduce yourself."), ABOUT),
    (
        ("What can you do?", "What are you good at?", "Help", "How can you help me?"),
        "I can tell short stories, add, subtract and multiply, sort and count, answer small word "
        "problems, fill in JSON and call tools. I am very small, so I am often wrong.",
    ),
    (
        ("What can you not do?", "What are your limits?", "Do you know everything?"),
        "I know very little about the world. Do not rely on me for facts.",
    ),
    (("Thank you!", "Thanks", "Thanks a lot"), "You are welcome!"),
    (("Goodbye", "Bye", "See you"), "Goodbye!"),
    (("How are you?", "How do you do?", "Are you well?"), "I am well, thank you. And you?"),
    (
        ("What is the capital of France?", "Who won the match?", "What is the news today?"),
        "I do not know. I am a very small model and know little about the world.",
    ),
)
STORY_REQUESTS = (
    "Tell me a story about {}.",
    "Tell me a short story about {}.",
    "Write a short story about {}.",
    "I would like a story about {}, please.",
)
PLAIN_REQUESTS = ("Tell me a story.", "Tell me a short story.", "Write a story for children.")
SUBJECTS = (
    "cat dog bird fish cow horse goat frog bear lion elephant monkey rabbit mouse hen crocodile "
    "hyena tortoise snake tree river moon sun rain king queen girl boy mother father grandmother "
    "school market village forest garden farmer teacher friend ball house"
).split()
COFFEE_TOOLS = {
    entry["function"]["name"]: entry
    for entry in (
        tool("get_menu_items", "Find drinks on the menu", query="string"),
        tool("get_addons", "Find options of a drink", query="string", menu_item_id="string"),
        tool("add_order_item", "Add a drink", menu_item_id="string", quantity="string"),
        tool("get_order_details", "Show the order", order_id="string"),
        tool("finish_order", "Send the order off", order_id="string"),
        tool("show_menu", "Show the menu"),
        tool("update_order", "Change the order", order_id="string"),
        tool("update_order_item", "Change a drink", order_item_id="string"),
        tool("remove_order_item", "Remove a drink", order_item_id="string"),
    )
}


def small_talk() -> Iterator[dict]:
    for questions, answer in SMALL_TALK:
        for question in questions:
            user = {"role": "user", "content": question}
            yield {"messages": [user, {"role": "assistant", "content": answer}]}


def stories(root: Path, rng: Random, per_story: int) -> Iterator[dict]:
    """Storybooks (CC BY 4.0) as replies to requests that name something the story is about."""
    source = next(s for s in corpus.SOURCES if s.name == "stories")
    for document in corpus.read_documents(root, source):
        short = document.origin.startswith("global-asp") and len(document.text) < 6000
        if not short or corpus.held_out(f"{document.origin}|{document.title}|0"):
            continue
        words = document.text.lower().split()
        counts = {subject: words.count(subject) for subject in SUBJECTS}
        subject = max(counts, key=lambda s: counts[s])
        for _ in range(per_story):
            if counts[subject] < 2 or rng.random() < 0.2:
                question = rng.choice(PLAIN_REQUESTS)
                think = "A short story."
            else:
                question = rng.choice(STORY_REQUESTS).format(f"a {subject}")
                think = f"A short story about a {subject}."
            reply = {"role": "assistant", "reasoning_content": think, "content": document.text}
            yield {"messages": [{"role": "user", "content": question}, reply]}


def orders(root: Path) -> Iterator[dict]:
    """Coffee orders with the tools that each of them uses."""
    for row in corpus.read_dialogues(root):
        messages = [m | {"content": m["content"] or ""} for m in row["messages"]]
        calls = [call for m in messages for call in m.get("tool_calls") or []]
        used = sorted({call["function"]["name"] for call in calls} & COFFEE_TOOLS.keys())
        if not corpus.held_out(row["id"]) and messages[-1]["role"] == "assistant":
            yield {"messages": messages, "tools": [COFFEE_TOOLS[name] for name in used]}


def sums(root: Path) -> Iterator[dict]:
    """GSM8K training questions; the worked answer is the thinking."""
    for row in corpus.read_gsm8k(root):
        if corpus.held_out(row["question"]):
            continue
        worked, answer = row["answer"].split("\n#### ")
        think = "".join(part.split(">>")[-1] for part in worked.split("<<"))
        reply = {"role": "assistant", "reasoning_content": think, "content": answer.strip()}
        yield {"messages": [{"role": "user", "content": row["question"]}, reply]}
