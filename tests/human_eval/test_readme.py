import importlib
import re
from pathlib import Path

README = Path(__file__).parents[2] / "human_eval/README.md"


def test_every_function_in_the_readme_exists_in_a_module_of_its_row() -> None:
    text = README.read_text(encoding="utf-8").partition("| question |")[2].partition("```")[0]
    rows = [line.split("|")[2:4] for line in text.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 15
    for functions, modules in rows:
        found = [importlib.import_module(f"a2bench.statistics.{name}") for name in re.findall(r"`(\w+)`", modules)]
        for name in re.findall(r"`(\w+)", functions):
            assert any(hasattr(module, name) for module in found), (name, modules)
