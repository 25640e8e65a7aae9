"""JSON extraction against a schema, and tool calls."""

import json
from random import Random

from tasks.task import Task
from tasks.words import NAMES

CITIES = (
    "Athens Berlin Cairo Dublin Geneva Lima London Madrid Milan Naples Oslo Paris Prague Quito "
    "Rome Sofia Tokyo Turin Vienna Warsaw"
).split()
JOBS = "baker cook doctor driver farmer nurse painter sailor singer teacher writer".split()
PETS = "cat dog fish goat horse parrot rabbit turtle".split()
COLOURS = "black blue brown green orange pink red white yellow".split()
FIELDS = {
    "name": ({"type": "string"}, "{} is here."),
    "age": ({"type": "integer"}, "The age is {}."),
    "city": ({"type": "string"}, "Home is {}."),
    "job": ({"type": "string"}, "The job is {}."),
    "pet": ({"type": "string"}, "There is a pet, a {}."),
    "colour": ({"type": "string"}, "The best colour is {}."),
    "member": ({"type": "boolean"}, ""),
}


def person(rng: Random) -> dict[str, object]:
    return {
        "name": rng.choice(NAMES),
        "age": rng.randint(5, 95),
        "city": rng.choice(CITIES),
        "job": rng.choice(JOBS),
        "pet": rng.choice(PETS),
        "colour": rng.choice(COLOURS),
        "member": rng.random() < 0.5,
    }


def sentences(rng: Random, facts: dict[str, object], fields: list[str]) -> str:
    """Prose that tells the facts, in one of two wordings each."""
    name = facts["name"]
    member = "is a member" if facts["member"] else "is not a member"
    wordings = {
        "name": [f"This is {name}.", f"My friend is called {name}."],
        "age": [f"{name} is {facts['age']} years old.", f"{name} turned {facts['age']} today."],
        "city": [f"{name} lives in {facts['city']}.", f"The home of {name} is {facts['city']}."],
        "job": [f"{name} works as a {facts['job']}.", f"{name} is a {facts['job']} by trade."],
        "pet": [f"{name} has a {facts['pet']}.", f"A {facts['pet']} belongs to {name}."],
        "colour": [f"{name} likes {facts['colour']}.", f"{name} wears {facts['colour']}."],
        "member": [f"{name} {member} of the club.", f"In the club, {name} {member}."],
    }
    return " ".join(rng.choice(wordings[field]) for field in fields)


def json_extraction(rng: Random, level: int) -> Task:
    """level + 1 fields to extract, among one or two that are not asked for."""
    facts = person(rng)
    told = ["name", *rng.sample([f for f in FIELDS if f != "name"], min(6, level + 2))]
    asked = rng.sample(told, level + 1)
    wanted = [field for field in FIELDS if field in asked]
    schema = {
        "type": "object",
        "properties": {field: FIELDS[field][0] for field in wanted},
        "required": wanted,
    }
    question = (
        f"Extract the data as JSON with this schema: {json.dumps(schema)}\n"
        f"Text: {sentences(rng, facts, told)}"
    )
    think = "\n".join(f"{field}: {json.dumps(facts[field])}" for field in wanted)
    answer = json.dumps({field: facts[field] for field in wanted})
    reply = {"role": "assistant", "reasoning_content": think, "content": answer}
    return Task("json", level, ({"role": "user", "content": question}, reply), answer)


def tool(name: str, description: str, **parameters: str) -> dict:
    """A function in OpenAI form; every parameter is required."""
    properties = {key: {"type": kind} for key, kind in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}


TOOLS = {
    entry["function"]["name"]: entry
    for entry in (
        tool("get_weather", "Weather of a city", city="string"),
        tool("get_time", "Local time of a city", city="string"),
        tool("set_timer", "Start a timer", minutes="integer"),
        tool("add", "Add two numbers", a="integer", b="integer"),
        tool("multiply", "Multiply two numbers", a="integer", b="integer"),
        tool("send_message", "Send a message to a person", to="string", text="string"),
        tool("find_story", "Find a story about something", topic="string"),
        tool("set_light", "Set the colour of the lamp", colour="string"),
    )
}
MESSAGES = ("I am late", "Call me", "Dinner is ready", "See you soon", "Thank you", "Good night")


def request(rng: Random, name: str) -> tuple[str, dict[str, object], dict[str, object], str]:
    """What a user says, the arguments it means, the tool's result and the reply to it."""
    city, colour = rng.choice(CITIES), rng.choice(COLOURS)
    a, b = rng.randint(2, 999), rng.randint(2, 999)
    minutes, degrees = rng.randint(1, 90), rng.randint(-9, 35)
    person_name, text, pet = rng.choice(NAMES), rng.choice(MESSAGES), rng.choice(PETS)
    clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    cases = {
        "get_weather": (
            [f"What is the weather in {city}?", f"Is it warm in {city}?", f"Weather in {city}"],
            {"city": city},
            {"degrees": degrees},
            f"It is {degrees} degrees in {city}.",
        ),
        "get_time": (
            [f"What time is it in {city}?", f"Tell me the time in {city}."],
            {"city": city},
            {"time": clock},
            f"It is {clock} in {city}.",
        ),
        "set_timer": (
            [f"Set a timer for {minutes} minutes.", f"Wake me in {minutes} minutes."],
            {"minutes": minutes},
            {"ok": True},
            f"The timer runs for {minutes} minutes.",
        ),
        "add": (
            [f"What is {a} plus {b}?", f"Add {a} and {b}."],
            {"a": a, "b": b},
            {"result": a + b},
            f"The result is {a + b}.",
        ),
        "multiply": (
            [f"What is {a} times {b}?", f"Multiply {a} by {b}."],
            {"a": a, "b": b},
            {"result": a * b},
            f"The result is {a * b}.",
        ),
        "send_message": (
            [f"Tell {person_name}: {text}", f'Send "{text}" to {person_name}.'],
            {"to": person_name, "text": text},
            {"ok": True},
            f"I sent it to {person_name}.",
        ),
        "find_story": (
            [f"Find me a story about a {pet}.", f"Is there a story about a {pet}?"],
            {"topic": pet},
            {"title": f"The {pet}"},
            f'I found "The {pet}".',
        ),
        "set_light": (
            [f"Make the lamp {colour}.", f"I want {colour} light."],
            {"colour": colour},
            {"ok": True},
            f"The lamp is {colour} now.",
        ),
    }
    asked, arguments, result, reply = cases[name]
    return rng.choice(asked), arguments, result, reply


def tool_call(rng: Random, level: int) -> Task:
    """Level 1 to 3: as many tools to choose from; sometimes the result comes back and is told."""
    offered = rng.sample(sorted(TOOLS), level)
    name = rng.choice(offered)
    asked, arguments, result, reply = request(rng, name)
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    values = ", ".join(f"{key}={json.dumps(value)}" for key, value in arguments.items())
    calling = {
        "role": "assistant",
        "reasoning_content": f"The tool is {name} with {values}.",
        "content": "",
        "tool_calls": [call],
    }
    tools = tuple(TOOLS[entry] for entry in offered)
    user = {"role": "user", "content": asked}
    if rng.random() < 0.75:
        answer = json.dumps({"name": name, "arguments": arguments})
        return Task("tool call", level, (user, calling), answer, tools)
    told = {"role": "tool", "content": json.dumps(result)}
    last = {"role": "assistant", "reasoning_content": "The tool answered.", "content": reply}
    return Task("tool result", level, (user, calling, told, last), reply, tools)
