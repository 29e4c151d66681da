"""Write chat/cases.json: chat templates of well-known models, rendered by the machinery of transformers.

    python make_chat.py [--smollm2 SmolLM2-135M-Instruct.Q4_1.gguf]

The templates are in chat/templates/. Every template meets every list of messages; the time is fixed.
With --smollm2, chat/smollm2-ids.json gets the token ids of its rendered chats, special tokens
recognized only outside content.
"""

import argparse
import json
import re
from datetime import datetime
from pathlib import Path

import jinja2
import transformers
from transformers.utils import chat_template_utils

from make_tokenizers import smollm2_tokenizer, write_json

OUT = Path(__file__).parent / "chat"
MADE_BY = f"transformers {transformers.__version__} (render_jinja_template), jinja2 {jinja2.__version__}"
NOW = datetime(2025, 3, 9, 14, 5, 6)

VARIABLES = {
    "smollm2": {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"},
    "llama2": {"bos_token": "<s>", "eos_token": "</s>"},
    "llama3": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    "llama3.2": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    "qwen2.5": {"eos_token": "<|im_end|>"},
    "qwen3": {"eos_token": "<|im_end|>"},
    "mistral": {"bos_token": "<s>", "eos_token": "</s>"},
    "zephyr": {"bos_token": "<s>", "eos_token": "</s>"},
    "gemma": {"bos_token": "<bos>", "eos_token": "<eos>"},
}


def message(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


SYSTEM = message("system", "You recommend films. Answer briefly.")
QUESTION = message("user", "Something like \"Alien\", but funny?")
ANSWER = message("assistant", "Try Galaxy Quest (1999).")
MORE = message("user", "Seen it. <Another> one & older?")
CALL = message("assistant", "", tool_calls=[call("search", {"query": "science fiction & comedy <1990", "limit": 3, "für": "père", "old": True})])
RESULT = message("tool", "[\"Sleeper (1973)\", \"Dark Star (1974)\"]")
THOUGHT = message("assistant", "<think>\nOlder than 1999, funny.\n</think>\n\nTry Dark Star (1974).")
TOOLS = [{
    "type": "function",
    "function": {
        "name": "search",
        "description": "Search the catalogue for 'films' & <series>.",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}, "limit": {"type": "integer", "minimum": 1.5}},
            "required": ["query"],
        },
    },
}]
NAMES = ("{{ bos_token }} {% if x %}{# no #} {{ 1 + 1 }} </s><s> [INST] <|im_end|>\n<|im_start|>system\nNo.<|im_end|> "
         "<|eot_id|> <end_of_turn> <|user|> ${x} {x} \\n \\u00e9")

MESSAGES = {
    "user": [QUESTION],
    "system and user": [SYSTEM, QUESTION],
    "turns": [QUESTION, ANSWER, MORE],
    "system and turns": [SYSTEM, QUESTION, ANSWER, MORE],
    "ends with the assistant": [SYSTEM, QUESTION, ANSWER],
    "empty contents": [message("system", ""), message("user", "")],
    "braces and special tokens": [message("system", NAMES), message("user", NAMES)],
    "white space": [message("system", "  two \n"), message("user", "\n\n a\tb \r\n"), message("assistant", " \u00a0ok\u00a0 "), message("user", " \n ")],
    "other scripts": [message("user", "七人の侍 🎬 «naïve» 'quoted' \"too\" e\u0301")],
    "starts with the assistant": [ANSWER, QUESTION],
    "two users in a row": [QUESTION, MORE],
    "system last": [QUESTION, ANSWER, SYSTEM],
    "unknown role": [message("critic", "Meh."), QUESTION],
    "thoughts": [QUESTION, THOUGHT, MORE, THOUGHT],
    "thought in its own field": [QUESTION, message("assistant", "Dark Star.", reasoning_content="\nFunny, old.\n")],
}
TOOL_MESSAGES = {
    "tools": [QUESTION],
    "tools and system": [SYSTEM, QUESTION],
    "tool call": [QUESTION, CALL],
    "tool result": [SYSTEM, QUESTION, CALL, RESULT],
    "two tool results": [QUESTION, CALL, RESULT, message("tool", "{}"), ANSWER, MORE],
}


class FixedTime:
    @staticmethod
    def now():
        return NOW


def render(name, template, messages, add_generation_prompt=True, tools=None, **variables):
    case = {"template": name, "messages": messages, "add_generation_prompt": add_generation_prompt}
    if tools:
        case["tools"] = tools
    if variables:
        case["variables"] = variables
    try:
        rendered, _ = chat_template_utils.render_jinja_template(
            [messages], chat_template=template, tools=tools, add_generation_prompt=add_generation_prompt,
            **VARIABLES[name], **variables)
        return case | {"rendered": rendered[0]}
    except jinja2.TemplateError as error:
        return case | {"error": str(error)}


def cases(name, template):
    for title, messages in MESSAGES.items():
        yield {"name": title} | render(name, template, messages)
    yield {"name": "no generation prompt"} | render(name, template, MESSAGES["turns"], add_generation_prompt=False)
    if "tools" in template:
        for title, messages in TOOL_MESSAGES.items():
            yield {"name": title} | render(name, template, messages, tools=TOOLS)
    if "enable_thinking" in template:
        for value in (True, False):
            yield {"name": f"enable_thinking {value}"} | render(name, template, MESSAGES["thoughts"], enable_thinking=value)
    if "date_string" in template:
        yield {"name": "date given"} | render(name, template, [QUESTION], date_string="1 Apr 2001")
        yield {"name": "tools not in user message"} | render(
            name, template, [SYSTEM, QUESTION], tools=TOOLS, tools_in_user_message=False)


def smollm2_ids(path, rendered_cases):
    """Ids of whole chats; a private mark in content keeps its special tokens from being recognized."""
    tokenizer = smollm2_tokenizer(path)
    template = (OUT / "templates" / "smollm2.jinja").read_text()
    specials = re.compile("(" + "|".join(re.escape(t.content) for t in tokenizer.get_added_tokens_decoder().values()) + ")")
    tokenizer.encode_special_tokens = True
    for case in rendered_cases:
        marked = [m | {"content": specials.sub(lambda t: t[0][0] + "\ue000" + t[0][1:], m["content"])} for m in case["messages"]]
        text = render("smollm2", template, marked, case["add_generation_prompt"])["rendered"]
        ids = []
        for i, piece in enumerate(specials.split(text)):
            plain = piece.replace("\ue000", "")
            ids += [tokenizer.token_to_id(piece)] if i % 2 else tokenizer.encode(plain, add_special_tokens=False).ids
        assert tokenizer.decode(ids, skip_special_tokens=False) == case["rendered"]
        yield {"messages": case["messages"], "add_generation_prompt": case["add_generation_prompt"], "rendered": case["rendered"], "ids": ids}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smollm2", type=Path, help="the GGUF file of the real SmolLM2")
    args = parser.parse_args()
    chat_template_utils.datetime = FixedTime
    templates = {name: (OUT / "templates" / f"{name}.jinja").read_text() for name in VARIABLES}
    rendered = {name: list(cases(name, template)) for name, template in templates.items()}
    write_json(OUT / "cases.json", {
        "made_by": MADE_BY,
        "now": NOW.isoformat(),
        "templates": {name: {"template": template, "variables": VARIABLES[name]} for name, template in templates.items()},
        "cases": [case for group in rendered.values() for case in group],
    }, indent=1)
    if args.smollm2:
        write_json(OUT / "smollm2-ids.json", {"made_by": MADE_BY, "cases": list(smollm2_ids(args.smollm2, rendered["smollm2"]))})


if __name__ == "__main__":
    main()
